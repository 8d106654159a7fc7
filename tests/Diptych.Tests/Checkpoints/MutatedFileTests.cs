using System.Text;
using Diptych.Checkpoints;
using Diptych.Training;
using static TorchSharp.torch;

namespace Diptych.Tests.Checkpoints;

/// <summary>Damaged files are read as something, or refused with a message: never a crash, never memory beyond the file's own size.</summary>
/// <remarks>DIPTYCH_FUZZ sets how many there are in each test.</remarks>
public sealed class MutatedFileTests
{
    private const long AllocationLimit = 32_000_000; // bytes, in the managed heap, for files of a few thousand

    [Fact]
    public void Mutated_tensors_are_read_or_refused()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        SafetensorsFile.Write(folder.File("whole"), [("conv.weight", randn(4, 3, 3, 3)), ("bn.bias", randn(4)), ("steps", tensor(7L)), ("half", randn(5).to(ScalarType.Float16))], new Dictionary<string, string> { ["format"] = "pt" });
        string path = folder.File("mutated.safetensors");
        int read = Mutate(File.ReadAllBytes(folder.File("whole")), Count(3000), bytes =>
        {
            using var inner = NewDisposeScope();
            File.WriteAllBytes(path, bytes);
            long values = SafetensorsFile.Read(path).Tensors.Values.Sum(t => t.numel());
            Assert.InRange(values, 0, bytes.Length);
        });
        Assert.NotEqual(0, read);
    }

    [Fact]
    public void Mutated_recipes_are_read_or_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("recipe.json");
        int read = Mutate(Encoding.UTF8.GetBytes(new PretrainOptions { Images = "photos", LearningRate = 0.1, ImageSize = 64, Threads = 2 }.ToJson()), Count(3000), bytes =>
        {
            File.WriteAllBytes(path, bytes);
            Recipe.Read(path).Options.Validate();
        });
        Assert.NotEqual(0, read);
    }

    [Fact]
    public void Mutated_run_folders_fall_back_to_the_last_whole_checkpoint()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var checkpoints = new CheckpointFolder(folder.Path);
        checkpoints.Write(1, [("x", randn(64))]);
        string newest = checkpoints.Write(2, [("x", randn(64))]);
        foreach (string name in new[] { "state.safetensors", "checkpoint.json" })
        {
            string path = Path.Combine(newest, name);
            byte[] whole = File.ReadAllBytes(path);
            Mutate(whole, Count(1000) / 2, bytes =>
            {
                using var inner = NewDisposeScope();
                File.WriteAllBytes(path, bytes);
                var rejected = new List<string>();
                int step = checkpoints.ReadNewest(rejected)!.Value.Step;
                Assert.Equal(bytes.AsSpan().SequenceEqual(whole) ? 2 : 1, step);
                Assert.Equal(step == 2 ? 0 : 1, rejected.Count);
            });
            File.WriteAllBytes(path, whole);
        }
    }

    [Fact]
    public void Metrics_without_a_line_end_are_cut_away_without_being_held()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("metrics.jsonl");
        File.WriteAllText(path, "{\"step\":1}\n{\"step\":2}\n");
        using (FileStream file = new(path, FileMode.Append))
            file.SetLength(64 << 20);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using (MetricsFile.Open(path, 9))
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 8 << 20);
        Assert.Equal("{\"step\":1}\n{\"step\":2}\n", File.ReadAllText(path));
    }

    [Fact]
    public void Mutated_metrics_are_cut_back_to_their_whole_lines()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("metrics.jsonl");
        byte[] whole = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(1, 20).Select(step => $"{{\"step\":{step},\"loss\":1.5}}\n")));
        Mutate(whole, Count(1000), bytes =>
        {
            File.WriteAllBytes(path, bytes);
            MetricsFile.Open(path, lastStep: 10).Dispose();
            byte[] left = File.ReadAllBytes(path);
            Assert.Equal(bytes[..left.Length], left);
            Assert.True(left.Length == 0 || left[^1] == '\n');
            Assert.All(MetricsFile.Read(path), step => Assert.InRange(step.Step, int.MinValue, 10));
        });
    }

    private static int Count(int quick) => int.TryParse(Environment.GetEnvironmentVariable("DIPTYCH_FUZZ"), out int count) ? count : quick;

    /// <summary>How many mutated files were taken.</summary>
    private static int Mutate(byte[] whole, int count, Action<byte[]> read)
    {
        int taken = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] bytes = Mutator.Mutate(whole, whole, number: i);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(bytes);
                taken++;
            }
            catch (InvalidInputException)
            {
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < AllocationLimit, $"Mutation {i} took {allocated:N0} bytes.");
        }
        return taken;
    }
}
