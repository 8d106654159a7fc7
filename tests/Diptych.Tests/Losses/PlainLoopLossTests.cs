using CsCheck;
using Diptych.Losses;
using Diptych.Tests.Reference;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

/// <summary>Every loss in every pairing against plain loops, on random shapes, lengths and temperatures.</summary>
public sealed class PlainLoopLossTests
{
    // float64: 1e-11 relative to max(|value|, 1).
    private const double Tolerance = 1e-11;

    public static TheoryData<string> Names => [.. ContrastiveLoss.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Two_views_is_the_formula(string name) => Gen.Select(Batch.Any, Gen.Double[0.05, 2]).Sample((batch, sigma) =>
    {
        using var scope = NewDisposeScope();
        LossValue value = ContrastiveLoss.Create(name, batch.Temperature, sigma).TwoViews(batch.FirstTensor(), batch.SecondTensor());
        AssertSame(PlainLoss.TwoViews(name, batch.First, batch.Second, batch.Temperature, sigma), value);
    }, iter: 200);

    [Theory]
    [MemberData(nameof(Names))]
    public void With_queue_is_the_formula(string name) => Gen.Select(Batch.Any, Gen.Double[0.05, 2]).Sample((batch, sigma) =>
    {
        using var scope = NewDisposeScope();
        LossValue value = ContrastiveLoss.Create(name, batch.Temperature, sigma)
            .WithQueue(batch.FirstTensor(), batch.SecondTensor(), batch.QueueTensor());
        AssertSame(PlainLoss.WithQueue(name, batch.First, batch.Second, batch.Queue, batch.Temperature, sigma), value);
    }, iter: 200);

    [Theory]
    [MemberData(nameof(Names))]
    public void Cross_view_is_the_formula(string name) => Gen.Select(Batch.Any, Gen.Double[0.05, 2]).Sample((batch, sigma) =>
    {
        using var scope = NewDisposeScope();
        LossValue value = ContrastiveLoss.Create(name, batch.Temperature, sigma).CrossView(batch.FirstTensor(), batch.SecondTensor());
        AssertSame(PlainLoss.CrossView(name, batch.First, batch.Second, batch.Temperature, sigma), value);
    }, iter: 200);

    [Theory]
    [MemberData(nameof(Names))]
    public void Temperature_0_005_is_exact(string name)
    {
        foreach (int images in new[] { 2, 5, 33 })
        {
            using var scope = NewDisposeScope();
            Batch batch = Batch.Create(images, 16, temperature: 0.005);
            LossValue value = ContrastiveLoss.Create(name, 0.005).TwoViews(batch.FirstTensor(), batch.SecondTensor());
            AssertSame(PlainLoss.TwoViews(name, batch.First, batch.Second, 0.005), value);
        }
    }

    [Fact]
    public void Temperature_0_005_is_right_in_float32_too()
    {
        using var scope = NewDisposeScope();
        Batch batch = Batch.Create(33, 16, temperature: 0.005);
        LossValue value = ContrastiveLoss.Decoupled(0.005)
            .TwoViews(Batch.Tensor(batch.First, ScalarType.Float32), Batch.Tensor(batch.Second, ScalarType.Float32));
        Near.Equal(PlainLoss.TwoViews("dcl", batch.First, batch.Second, 0.005).Mean, Batch.Number(value.Value), 1e-5);
    }

    private static void AssertSame(PlainLoss expected, LossValue actual)
    {
        Near.Equal(expected.Mean, Batch.Number(actual.Value), Tolerance);
        Near.Equal(expected.PerAnchor, Batch.Numbers(actual.PerAnchor), Tolerance);
        Near.Equal(expected.Q, Batch.Numbers(actual.Diagnostics.Q), Tolerance);
    }
}
