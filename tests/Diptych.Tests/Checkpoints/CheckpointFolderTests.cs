using Diptych.Checkpoints;
using static TorchSharp.torch;

namespace Diptych.Tests.Checkpoints;

public sealed class CheckpointFolderTests
{
    [Fact]
    public void The_newest_is_read_and_old_ones_go()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        foreach (int step in new[] { 5, 10, 15 })
            checkpoints.Write(step, [("x", tensor((float)step))], keep: 2);
        Assert.Equal([15, 10], checkpoints.List().Select(c => c.Step));
        var (newest, _, tensors) = checkpoints.ReadNewest([])!.Value;
        Assert.Equal(15, newest);
        Assert.Equal(15f, tensors["x"].item<float>());
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("flipped bit")]
    [InlineData("no info")]
    [InlineData("torn info")]
    public void A_damaged_checkpoint_is_named_and_passed_over(string damage)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        checkpoints.Write(1, [("x", randn(100))]);
        string newest = checkpoints.Write(2, [("x", randn(100))]);
        string state = Path.Combine(newest, "state.safetensors"), info = Path.Combine(newest, "checkpoint.json");
        byte[] bytes = File.ReadAllBytes(state);
        switch (damage)
        {
            case "cut": File.WriteAllBytes(state, bytes[..^9]); break;
            case "flipped bit": bytes[^20] ^= 1; File.WriteAllBytes(state, bytes); break;
            case "no info": File.Delete(info); break;
            default: File.WriteAllText(info, File.ReadAllText(info)[..10]); break;
        }
        var rejected = new List<string>();
        Assert.Equal(1, checkpoints.ReadNewest(rejected)!.Value.Step);
        Assert.StartsWith($"Checkpoint {newest} is damaged and was passed over: ", Assert.Single(rejected), StringComparison.Ordinal);
    }

    [Fact]
    public void Cut_or_with_a_flipped_bit_at_any_of_1000_random_places_a_checkpoint_is_named_and_passed_over()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        checkpoints.Write(1, [("x", randn(300))], images: "300 images, 0123456789abcdef");
        string newest = checkpoints.Write(2, [("x", randn(300)), ("queue.rows", randn(4, 8))], images: "300 images, 0123456789abcdef");
        var random = new Random(5);
        for (int place = 0; place < 1000; place++)
        {
            // The information is short, and every bit of it counts: it gets a fourth of the places.
            string path = Path.Combine(newest, place % 4 == 0 ? "checkpoint.json" : "state.safetensors");
            byte[] whole = File.ReadAllBytes(path), damaged = [.. whole];
            int at = random.Next(whole.Length);
            if (place % 3 == 0)
                damaged = damaged[..at];
            else
                damaged[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, damaged);
            var rejected = new List<string>();
            using (var inner = NewDisposeScope())
                Assert.True(checkpoints.ReadNewest(rejected)!.Value.Step == 1, $"{path}, place {place}, byte {at}");
            Assert.StartsWith($"Checkpoint {newest} is damaged and was passed over: ", Assert.Single(rejected), StringComparison.Ordinal);
            File.WriteAllBytes(path, whole);
        }
        Assert.Equal(2, checkpoints.ReadNewest([])!.Value.Step);
    }

    [Fact]
    public void A_removal_that_was_cut_short_is_no_checkpoint_and_goes_with_the_next()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        string leftover = Path.Combine(folder.Path, "step-00000001.removed.partial");
        Directory.CreateDirectory(leftover);
        File.WriteAllText(Path.Combine(leftover, "state.safetensors"), "half");
        checkpoints.Write(2, [("x", randn(3))]);
        Assert.False(Directory.Exists(leftover));
        Assert.Equal([2], checkpoints.List().Select(c => c.Step));
    }

    [Fact]
    public void Damaged_later_checkpoints_do_not_cost_those_that_are_written_again()
    {
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.File("checkpoints"));
        foreach (int step in new[] { 900, 1000 })
            File.WriteAllText(Path.Combine(checkpoints.Write(step, [("x", tensor(1f))]), "state.safetensors"), "damaged");
        checkpoints.Write(500, [("x", tensor(5f))], keep: 1);
        Assert.Equal([1000, 900, 500], checkpoints.List().Select(c => c.Step));
        checkpoints.Write(600, [("x", tensor(6f))], keep: 1);
        Assert.Equal(600, checkpoints.ReadNewest([])!.Value.Step);
        checkpoints.Write(1000, [("x", tensor(10f))], keep: 1);
        Assert.Equal([1000], checkpoints.List().Select(c => c.Step));
    }

    [Fact]
    public void A_failed_write_leaves_nothing_behind_and_keeps_the_old()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        checkpoints.Write(1, [("x", randn(3))]);
        static IEnumerable<(string, Tensor)> Failing()
        {
            yield return ("x", randn(3));
            throw new IOException("No space left on device");
        }
        Assert.Throws<IOException>(() => checkpoints.Write(2, Failing()));
        Assert.Equal(["step-00000001"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_leftover_of_a_killed_write_is_not_a_checkpoint()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        Directory.CreateDirectory(folder.File("step-00000007.partial"));
        Assert.Null(checkpoints.ReadNewest([]));
        checkpoints.Write(7, [("x", randn(3))]);
        Assert.Equal(7, checkpoints.ReadNewest([])!.Value.Step);
    }
}
