using Diptych.Data;
using Diptych.Training;

namespace Diptych.Tests.Training;

/// <summary>Memory is the whole process', so nothing else may run beside this.</summary>
[CollectionDefinition(nameof(PretrainingMemoryTests), DisableParallelization = true)]
[Collection(nameof(PretrainingMemoryTests))]
public sealed class PretrainingMemoryTests
{
    [Fact]
    public void Memory_stays_flat_over_two_thousand_steps()
    {
        using var folder = new TemporaryFolder();
        using var tiles = new ImageSubset(ImageSource.Open(Repository.Sample("test.tar")), Enumerable.Range(0, 64).Select(i => i * 7), ownsSource: true);
        PretrainOptions options = new() { Images = "tiles", Views = "satellite", Width = 4, Threads = 1, ImageSize = 8, Batch = 8, Epochs = 250, CheckpointEvery = 500 };
        double early = 0, late = 0;
        new Pretraining(options, tiles, RunFolder.Create(folder.File("run"), options), new Observer(step =>
        {
            if (step.Step == 200)
                early = ResidentBytes();
            else if (step.Step == 2000)
                late = ResidentBytes();
        })).Run(false, CancellationToken.None);
        Assert.True(late > 0 && late < 1.05 * early, $"{early / 1e6:F0} MB after 200 steps, {late / 1e6:F0} MB after 2,000");
    }

    private static double ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
