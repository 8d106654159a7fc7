using Diptych.Losses;
using Diptych.Tests.Golden;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

public sealed class GoldenLossTests
{
    [Fact]
    public void There_are_168_cases_of_8_forms()
    {
        Assert.Equal(168, LossVector.All.Count);
        Assert.Equal(8, LossVector.All.Values.Select(vector => vector.Form).Distinct().Count());
    }

    // Relative to the number, or absolute where it is below 1.
    [Theory]
    [MemberData(nameof(LossVector.Ids), MemberType = typeof(LossVector))]
    public void In_float64_all_numbers_are_right_to_1e_11(string id)
    {
        LossVector vector = LossVector.All[id];
        using var scope = NewDisposeScope();
        Outcome outcome = Compute(vector, ScalarType.Float64);
        AssertExact(vector, outcome);
        if (vector.Alignment is { } alignment)
            Near.Equal(alignment, outcome.Diagnostics.Alignment, 1e-11);
        if (vector.Uniformity is { } uniformity)
            Near.Equal(uniformity, outcome.Diagnostics.Uniformity, 1e-11);
    }

    // The loss relative to max(|loss|, 1), each gradient relative to max(|gradient|, 1e-3).
    [Theory]
    [MemberData(nameof(LossVector.Ids), MemberType = typeof(LossVector))]
    public void In_float32_the_loss_is_right_to_1e_5_and_the_gradient_to_1e_3(string id)
    {
        LossVector vector = LossVector.All[id];
        using var scope = NewDisposeScope();
        AssertRounded(vector, Compute(vector, ScalarType.Float32));
    }

    [Fact]
    [Trait(Gpu.Trait, Gpu.Name)]
    public void On_a_GPU_all_numbers_are_right_too()
    {
        Device gpu = Gpu.OrSkip();
        foreach (LossVector vector in LossVector.All.Values)
        {
            using var scope = NewDisposeScope();
            AssertExact(vector, Compute(vector, ScalarType.Float64, gpu));
            AssertRounded(vector, Compute(vector, ScalarType.Float32, gpu));
        }
    }

    private static void AssertExact(LossVector vector, Outcome outcome)
    {
        Near.Equal(vector.Loss, outcome.Loss, 1e-11);
        Near.Equal(vector.PerAnchor, outcome.PerAnchor, 1e-11);
        Near.Equal(vector.Q, outcome.Q, 1e-11);
        Near.Equal([.. vector.FirstGradient.SelectMany(row => row)], outcome.FirstGradient, 1e-11);
        Near.Equal([.. vector.SecondGradient.SelectMany(row => row)], outcome.SecondGradient, 1e-11);
    }

    private static void AssertRounded(LossVector vector, Outcome outcome)
    {
        Near.Equal(vector.Loss, outcome.Loss, 1e-5);
        Near.Equal([.. vector.FirstGradient.SelectMany(row => row)], outcome.FirstGradient, 1e-3, floor: 1e-3);
        Near.Equal([.. vector.SecondGradient.SelectMany(row => row)], outcome.SecondGradient, 1e-3, floor: 1e-3);
    }

    private static Outcome Compute(LossVector vector, ScalarType type, Device? device = null)
    {
        Tensor Given(double[][] rows) => Batch.Tensor(rows, type).to(device ?? CPU).requires_grad_();
        Tensor first = Given(vector.First), second = Given(vector.Second);
        LossValue[] values = Values(vector, first, second);
        // NNCLR's two directions are averaged.
        Tensor loss = stack(values.Select(value => value.Value)).mean();
        loss.backward();
        return new Outcome(
            Batch.Number(loss),
            [.. values.SelectMany(value => Batch.Numbers(value.PerAnchor))],
            [.. values.SelectMany(value => Batch.Numbers(value.Diagnostics.Q))],
            Gradient(first), Gradient(second), values[0].Diagnostics);
    }

    private static LossValue[] Values(LossVector vector, Tensor first, Tensor second)
    {
        ContrastiveLoss loss = Loss(vector);
        Tensor? queue = Input(vector.Queue), one = Input(vector.FirstNeighbours), two = Input(vector.SecondNeighbours);
        Tensor? Input(double[][]? rows) => rows is null ? null : Batch.Tensor(rows, first.dtype).to(first.device);
        return (vector.Form.Split('_')[0], vector.Normalize) switch
        {
            ("moco", true) => [loss.WithQueue(first, second, queue!)],
            ("moco", false) => [loss.WithQueueOfUnitRows(first, second, queue!)],
            ("nnclr", true) => [loss.CrossView(one!, second), loss.CrossView(two!, first)],
            ("nnclr", false) => [loss.CrossViewOfUnitRows(one!, second), loss.CrossViewOfUnitRows(two!, first)],
            (_, true) => [loss.TwoViews(first, second)],
            (_, false) => [loss.TwoViewsOfUnitRows(cat([first, second], dim: 0))],
        };
    }

    private static ContrastiveLoss Loss(LossVector vector) => vector.Form switch
    {
        "ntxent" or "moco" or "nnclr" => ContrastiveLoss.InfoNce(vector.Temperature),
        "dcl" or "moco_dcl" or "nnclr_dcl" => ContrastiveLoss.Decoupled(vector.Temperature),
        "dclw" => ContrastiveLoss.DecoupledWeighted(vector.Temperature, vector.Sigma),
        "dclw_nodetach" => ContrastiveLoss.DecoupledWeighted(vector.Temperature, vector.Sigma, detachWeights: false),
        _ => throw new InvalidDataException($"{vector.Id}: unknown form '{vector.Form}'."),
    };

    private static double[] Gradient(Tensor input) =>
        input.grad is { } gradient ? Batch.Numbers(gradient) : new double[input.numel()];

    private sealed record Outcome(
        double Loss, double[] PerAnchor, double[] Q, double[] FirstGradient, double[] SecondGradient, ContrastiveDiagnostics Diagnostics);
}
