using System.Globalization;

namespace Diptych.Cli.Tests;

/// <summary>Steps take the memory of earlier steps again, in place of pages that the system must clear first.</summary>
public sealed class NativeHeapTests : IDisposable
{
    // Activations of 16 MiB and more, which glibc by itself gives back at the end of every step.
    private static readonly string[] Wide = ["pretrain", Run.Sample("test.tar"), "--views", "satellite", "--encoder", "resnet10", "--width", "16", "--batch", "250", "--threads", "1", "--warmup-epochs", "0"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_step_needs_few_new_pages()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the pages that a process was given are counted on Linux only");
        (long kept, long returned) = (await PagesOfSixteenSteps("UNUSED"), await PagesOfSixteenSteps("MALLOC_ARENA_TEST")); // a setting of the user's, at its default
        Assert.SkipUnless(returned > 200_000, $"this C library keeps what is freed: {returned:N0} new pages in sixteen steps");
        Assert.True(kept < returned / 4, $"{kept:N0} new pages in sixteen steps; {returned:N0} where memory is given back"); // of two processes, so that none may look like less than none
    }

    // Sixteen more steps, so that what is needed once does not count. Processes differ by some 50,000 pages however long they run, as their threads meet.
    private async Task<long> PagesOfSixteenSteps(string variable)
    {
        long few = await Pages("1"), more = await Pages("5");
        return more - few;

        async Task<long> Pages(string epochs)
        {
            // The shell knows what the process it waited for was given.
            Run run = await Run.Command("sh", ["-c", "\"$@\" >/dev/null 2>&1 && cat /proc/$$/stat", "sh", "dotnet", "exec", Run.ToolPath, .. Wide, "--epochs", epochs, "--out", _folder.File($"{variable}-{epochs}")], null, (variable, "8"));
            return long.Parse(run.Succeeded().Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[8], CultureInfo.InvariantCulture);
        }
    }
}
