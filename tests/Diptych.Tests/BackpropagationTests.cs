using Diptych.Losses;
using static TorchSharp.torch;

namespace Diptych.Tests;

public sealed class BackpropagationTests
{
    [Fact]
    public void A_failure_within_a_function_of_ours_reaches_the_caller() => AssertFailureArrives(CPU);

    // There libtorch calls the functions in a thread of its own, through which no exception may go.
    [Fact]
    [Trait(Gpu.Trait, Gpu.Name)]
    public void On_a_GPU_too() => AssertFailureArrives(Gpu.OrSkip());

    [Fact]
    [Trait(Gpu.Trait, Gpu.Name)]
    public void On_a_GPU_a_pass_leaves_no_gradient_behind()
    {
        Device gpu = Gpu.OrSkip();
        using var scope = NewDisposeScope();
        Tensor first = rand(8, 4, device: gpu).requires_grad_(), second = rand(8, 4, device: gpu).requires_grad_();
        for (int pass = 0; pass < 3; pass++)
            Backpropagation.Run(ContrastiveLoss.Decoupled(0.1).TwoViews(first, second).Value);
        Assert.Null(Backpropagation.OfThread.HandedOver);
        Assert.True(first.grad!.isfinite().all().item<bool>());
    }

    private static void AssertFailureArrives(Device device)
    {
        using var scope = NewDisposeScope();
        Tensor start = rand(4, 3, device: device).requires_grad_();
        Tensor unit = Normalization.Of(start, start.detach().amax([1], keepdim: true));
        using (no_grad())
            unit.Times_(2);
        Assert.Contains("modified by an inplace operation", Assert.ThrowsAny<Exception>(() => Backpropagation.Run(unit.sum())).Message, StringComparison.Ordinal);
        Backpropagation.Run(Normalization.Of(start, start.detach().amax([1], keepdim: true)).sum()); // and the next pass is as ever
        Assert.NotNull(start.grad);
    }
}
