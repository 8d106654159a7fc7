using System.Diagnostics;
using Diptych.Losses;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

/// <summary>Native memory, which no count of tensors sees. Alone, because other tests' memory would be counted too.</summary>
[CollectionDefinition(nameof(LossLeakTests), DisableParallelization = true)]
[Collection(nameof(LossLeakTests))]
public sealed class LossLeakTests
{
    private const long Mebibyte = 1 << 20;

    // Each step of 256 images in 256 dimensions keeps 1.5 MiB for backward: 300 of them would be 450 MiB.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_was_kept_for_backward_goes_whether_backward_runs_or_not(bool isBackwardRun)
    {
        using Tensor first = randn(256, 256, requires_grad: true), second = randn(256, 256);
        void Step()
        {
            using var scope = NewDisposeScope();
            LossValue value = ContrastiveLoss.Decoupled(0.1).TwoViews(first, second);
            if (isBackwardRun)
                value.Value.backward();
        }
        for (int i = 0; i < 50; i++)
            Step();
        long before = Resident();
        for (int i = 0; i < 300; i++)
            Step();
        Assert.InRange(Resident() - before, long.MinValue, 64 * Mebibyte);
    }

    [Fact]
    public void Large_batches_take_memory_by_the_image_and_not_by_the_pair()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The peak of memory can be set back only on Linux.");
        using var scope = NewDisposeScope();
        Tensor first = randn(5000, 16, requires_grad: true), second = randn(5000, 16);
        File.WriteAllText("/proc/self/clear_refs", "5");
        long before = Resident();
        ContrastiveLoss.Decoupled(0.1).TwoViews(first, second).Value.backward();
        // One matrix of all similarities would take 381 MiB, and its gradient as much again; the embeddings take 0.6.
        Assert.InRange(Process.GetCurrentProcess().PeakWorkingSet64 - before, long.MinValue, 100 * Mebibyte);
    }

    private static long Resident()
    {
        using Process process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
