using System.Diagnostics;

namespace Diptych.Cli.Tests;

/// <summary>A disk that is full for a while, played by a small tmpfs.</summary>
public sealed class FullDiskTests : IDisposable
{
    private static readonly string[] Small = ["pretrain", Run.Sample("test.tar"), "--views", "satellite", "--width", "4", "--image-size", "8", "--batch", "100", "--epochs", "2", "--threads", "1", "--checkpoint-every", "4"];

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
        Assert.Equal(0, (await Run.ToolIn(_folder, [.. Small, "--out", "whole"])).ExitCode);
        Assert.Equal(File.ReadAllBytes(_folder.File("whole/encoder.safetensors")), File.ReadAllBytes(_folder.File("small/run/encoder.safetensors")));
        Assert.Equal(20, File.ReadAllLines(_folder.File("small/run/metrics.jsonl")).Length);
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

    // Room for the settings and a few lines, but for no checkpoint.
    private async Task<Process> StartOnFullDisk()
    {
        Assert.SkipUnless(_isMounted, "a small tmpfs cannot be mounted here (it takes Linux and root)");
        await File.WriteAllBytesAsync(_folder.File("small/filler"), new byte[7_900_000], TestContext.Current.CancellationToken);
        return Run.StartToolIn(_folder, [.. Small, "--out", "small/run"]);
    }

    private void AssertNothingIsTorn() => Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder.File("small/run"), "*", SearchOption.AllDirectories),
        f => f.EndsWith(".partial", StringComparison.Ordinal) || f.EndsWith(".safetensors", StringComparison.Ordinal));
}
