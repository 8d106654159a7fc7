using Diptych.Losses;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

public sealed class LossTypeTests
{
    public static TheoryData<ScalarType, string> HalfTypes => new MatrixTheoryData<ScalarType, string>(
        [ScalarType.Float16, ScalarType.BFloat16], ContrastiveLoss.Names);

    [Theory]
    [MemberData(nameof(HalfTypes))]
    public void A_half_type_gives_what_float32_gives_for_the_same_numbers(ScalarType type, string name)
    {
        Batch batch = Batch.Create(6, 8, temperature: 0.07);
        var loss = ContrastiveLoss.Create(name, 0.07);
        foreach ((_, Func<ContrastiveLoss, Tensor, Tensor, LossValue> of) in batch.Pairings(queueType: type))
        {
            using var scope = NewDisposeScope();
            Tensor first = Batch.Tensor(batch.First, type, requiresGrad: true), second = Batch.Tensor(batch.Second, type, requiresGrad: true);
            Tensor wideFirst = Widened(first), wideSecond = Widened(second);
            LossValue half = of(loss, first, second), wide = of(loss, wideFirst, wideSecond);
            half.Value.backward();
            wide.Value.backward();
            Assert.Equal((ScalarType.Float32, Batch.Number(wide.Value)), (half.Value.dtype, Batch.Number(half.Value)));
            AssertRoundedGradient(wideFirst, first);
            AssertRoundedGradient(wideSecond, second);
        }
    }

    [Fact]
    public void Float64_in_one_input_makes_the_loss_float64()
    {
        using var scope = NewDisposeScope();
        Batch batch = Batch.Create(6, 8, temperature: 0.07);
        Tensor first = Batch.Tensor(batch.First, ScalarType.Float32, requiresGrad: true);
        LossValue value = ContrastiveLoss.Decoupled(0.07).TwoViews(first, batch.SecondTensor());
        value.Value.backward();
        Assert.Equal((ScalarType.Float64, ScalarType.Float32), (value.Value.dtype, first.grad!.dtype));
    }

    private static Tensor Widened(Tensor narrow) => narrow.detach().to(ScalarType.Float32).requires_grad_();

    private static void AssertRoundedGradient(Tensor wide, Tensor narrow)
    {
        if (wide.grad is not { } expected)
        {
            Assert.Null(narrow.grad);
            return;
        }
        Assert.Equal(narrow.dtype, narrow.grad!.dtype);
        Assert.Equal(Batch.Numbers(expected.to(narrow.dtype)), Batch.Numbers(narrow.grad!));
    }
}
