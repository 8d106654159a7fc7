using System.Diagnostics;
using System.Globalization;

namespace Diptych.Cli.Tests;

/// <summary>A disk that is full for a while, played by a small tmpfs.</summary>
/// <remarks>DIPTYCH_FILLS sets how often it fills at random moments.</remarks>
public sealed class FullDiskTests : IDisposable
{
    private static readonly string[] Small = ["pretrain", Run.Sample("test.tar"), "--views", "satellite", "--width", "4", "--image-size", "8", "--batch", "100", "--threads", "1"];
    private static readonly string[] Short = [.. Small, "--epochs", "2", "--checkpoint-every", "4"];

    private static readonly int Fills = int.Parse(Environment.GetEnvironmentVariable("DIPTYCH_FILLS") ?? "5", CultureInfo.InvariantCulture);

    private readonly TemporaryFolder _folder = new();
    private readonly bool _isMounted;

    public FullDiskTests()
    {
        Directory.CreateDirectory(_folder.File("small"));
        if (!OperatingSystem.IsLinux())
            return;
        using Process mount = Process.Start(new ProcessStartInfo("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", _folder.File("small")]) { RedirectStandardError = true })!;
        mount.WaitForExit();
        _isMounted = mount.ExitCode == 0;
    }

    public void Dispose()
    {
        if (_isMounted)
            Process.Start("umount", [_folder.File("small")]).WaitForExit();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_run_goes_on_and_writes_when_there_is_room_again()
    {
        using Process process = await StartOnFullDisk();
        while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("tried again every 10 seconds", StringComparison.Ordinal))
        {
        }
        AssertNothingIsTorn();
        File.Delete(_folder.File("small/filler"));
        Run run = await Run.Finish(process);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(0, (await Run.ToolIn(_folder, [.. Short, "--out", "whole"])).ExitCode);
        Assert.Equal(File.ReadAllBytes(_folder.File("whole/encoder.safetensors")), File.ReadAllBytes(_folder.File("small/run/encoder.safetensors")));
        Assert.Equal(20, File.ReadAllLines(_folder.File("small/run/metrics.jsonl")).Length);
    }

    [Fact]
    public async Task However_often_the_disk_fills_the_run_ends_with_the_same_bits()
    {
        Assert.SkipUnless(_isMounted, "a small tmpfs cannot be mounted here (it takes Linux and root)");
        string[] command = [.. Small, "--epochs", "12", "--checkpoint-every", "2"];
        Assert.Equal(0, (await Run.ToolIn(_folder, [.. command, "--out", "whole"])).ExitCode);
        var random = new Random(Fills);
        int filled = 0;
        for (int round = 0; filled < Fills; round++)
        {
            using Process process = Run.StartToolIn(_folder, [.. command, "--out", $"small/run-{round}"]);
            Task<Run> finish = Run.Finish(process);
            while (!finish.IsCompleted)
            {
                await Task.WhenAny(finish, Task.Delay(random.Next(1200), TestContext.Current.CancellationToken));
                if (!Directory.Exists(_folder.File($"small/run-{round}/checkpoints")) || finish.IsCompleted || filled == Fills)
                    continue; // a disk that is full at the start is a mistake that is told at once
                Fill();
                filled++;
                await Task.Delay(random.Next(600), TestContext.Current.CancellationToken);
                File.Delete(_folder.File("small/filler"));
            }
            Run run = await finish;
            Assert.True(run.ExitCode == 0, run.Error);
            foreach (string file in new[] { "encoder.safetensors", "checkpoints/step-00000120/state.safetensors" })
                Assert.Equal(File.ReadAllBytes(_folder.File("whole/" + file)), File.ReadAllBytes(_folder.File($"small/run-{round}/{file}")));
            Assert.Equal(120, File.ReadAllLines(_folder.File($"small/run-{round}/metrics.jsonl")).Length);
            Assert.Empty(Directory.GetFileSystemEntries(_folder.File($"small/run-{round}"), "*.partial", SearchOption.AllDirectories));
            Directory.Delete(_folder.File($"small/run-{round}"), recursive: true);
        }
    }

    [Fact]
    public async Task A_read_only_folder_is_a_mistake_that_is_told_at_once()
    {
        Assert.SkipUnless(_isMounted, "a small tmpfs cannot be mounted here (it takes Linux and root)");
        using (Process process = Run.StartToolIn(_folder, [.. Small, "--epochs", "100", "--out", "small/run"]))
        {
            while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.StartsWith("step", StringComparison.Ordinal))
            {
            }
            Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();
            Assert.Equal(130, (await Run.Finish(process)).ExitCode);
        }
        Process.Start("mount", ["-o", "remount,ro", _folder.File("small")]).WaitForExit();
        Run again = await Run.ToolIn(_folder, "pretrain", Run.Sample("test.tar"), "--out", "small/run", "--resume");
        Run other = await Run.ToolIn(_folder, [.. Short, "--out", "small/other"]);
        Assert.Equal((2, 2), (again.ExitCode, other.ExitCode));
        Assert.Contains("The run folder small/run cannot be written: Read-only file system", again.Error, StringComparison.Ordinal);
        Assert.Contains("small/other", other.Error, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_does_not_want_to_wait_gets_one_message_and_no_torn_file()
    {
        using Process process = await StartOnFullDisk();
        while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("tried again every 10 seconds", StringComparison.Ordinal))
        {
        }
        Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();
        Run run = await Run.Finish(process);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("small/run cannot be written: ", run.Error, StringComparison.Ordinal);
        AssertNothingIsTorn();
    }

    // To the last byte: checkpoints come and go meanwhile.
    private void Fill()
    {
        using FileStream filler = File.Create(_folder.File("small/filler"), 1);
        try
        {
            for (int size = 1 << 16; size > 0; size /= 16)
            {
                try
                {
                    while (true)
                        filler.Write(new byte[size]);
                }
                catch (IOException) when (size > 1)
                {
                }
            }
        }
        catch (IOException)
        {
        }
    }

    // Room for the settings and a few lines, but for no checkpoint.
    private async Task<Process> StartOnFullDisk()
    {
        Assert.SkipUnless(_isMounted, "a small tmpfs cannot be mounted here (it takes Linux and root)");
        await File.WriteAllBytesAsync(_folder.File("small/filler"), new byte[7_900_000], TestContext.Current.CancellationToken);
        return Run.StartToolIn(_folder, [.. Short, "--out", "small/run"]);
    }

    private void AssertNothingIsTorn() => Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder.File("small/run"), "*", SearchOption.AllDirectories),
        f => f.EndsWith(".partial", StringComparison.Ordinal) || f.EndsWith(".safetensors", StringComparison.Ordinal));
}
