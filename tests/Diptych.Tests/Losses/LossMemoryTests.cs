using Diptych.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

public sealed class LossMemoryTests
{
    private static readonly Batch Images = Batch.Create(6, 8, temperature: 0.1);

    [Fact]
    public void Without_backward_a_scope_leaves_no_tensor_alive() => AssertNothingStays((loss, of, first, second) =>
    {
        using var scope = NewDisposeScope();
        of(loss, first, second);
    });

    [Fact]
    public void With_backward_and_diagnostics_a_scope_leaves_no_tensor_alive() => AssertNothingStays((loss, of, first, second) =>
    {
        using var scope = NewDisposeScope();
        LossValue value = of(loss, first, second);
        Backpropagation.Run(value.Value);
        Assert.True(double.IsFinite(value.Diagnostics.EffectiveRank + value.Diagnostics.Uniformity + value.Diagnostics.QVariation));
    });

    [Fact]
    public void Outside_of_a_scope_disposing_the_value_leaves_no_tensor_alive() => AssertNothingStays((loss, of, first, second) =>
    {
        using LossValue value = of(loss, first, second);
    });

    [Fact]
    public void A_refused_batch_leaves_no_tensor_alive() => AssertNothingStays((loss, of, first, second) =>
    {
        using Tensor zero = zeros_like(first);
        Assert.Throws<ArgumentException>(() => of(loss, zero, second));
    });

    [Fact]
    public void The_value_outlives_the_call_and_not_the_scope()
    {
        using Tensor first = Images.FirstTensor(), second = Images.SecondTensor();
        LossValue value;
        using (NewDisposeScope())
        {
            using (NewDisposeScope())
                value = Kept(ContrastiveLoss.Decoupled(0.1).TwoViews(first, second));
            Assert.False(value.Value.IsInvalid);
        }
        Assert.True(value.Value.IsInvalid);

        static LossValue Kept(LossValue value)
        {
            Assert.Equal(0, value.Value.dim());
            return value.MoveToOuterDisposeScope();
        }
    }

    private static void AssertNothingStays(Action<ContrastiveLoss, Func<ContrastiveLoss, Tensor, Tensor, LossValue>, Tensor, Tensor> use)
    {
        using Tensor first = Images.FirstTensor(requiresGrad: true), second = Images.SecondTensor(requiresGrad: true), queue = Images.QueueTensor();
        (string, Func<ContrastiveLoss, Tensor, Tensor, LossValue>)[] pairings =
        [
            ("two views", (loss, one, two) => loss.TwoViews(one, two)),
            ("with queue", (loss, one, two) => loss.WithQueue(one, two, queue)),
            ("cross view", (loss, one, two) => loss.CrossView(one, two)),
        ];
        Backpropagation.OfThread.Release(); // what another test on this thread left
        foreach (ContrastiveLoss loss in Batch.EveryLoss(0.1))
        {
            foreach ((string name, Func<ContrastiveLoss, Tensor, Tensor, LossValue> of) in pairings)
            {
                long before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
                use(loss, of, first, second);
                long after = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
                Assert.True(before == after, $"{loss.Name}, {name}: {after - before} tensors stay alive.");
            }
        }
    }
}
