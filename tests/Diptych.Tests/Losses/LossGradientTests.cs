using Diptych.Losses;
using Diptych.Tests.Reference;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

/// <summary>Gradients in float64 against central differences of the plain loops.</summary>
public sealed class LossGradientTests
{
    private const double Step = 1e-5;
    private static readonly Batch Images = Batch.Create(5, 6, temperature: 0.2, seed: 3);

    public static TheoryData<string> Names => [.. ContrastiveLoss.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Two_views(string name)
    {
        using var scope = NewDisposeScope();
        Tensor first = Images.FirstTensor(requiresGrad: true), second = Images.SecondTensor(requiresGrad: true);
        Loss(name).TwoViews(first, second).Value.backward();
        AssertSlope(Images.First, rows => PlainLoss.TwoViews(name, rows, Images.Second, 0.2).Mean, first);
        AssertSlope(Images.Second, rows => PlainLoss.TwoViews(name, Images.First, rows, 0.2).Mean, second);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void With_queue_only_the_anchors_have_one(string name)
    {
        using var scope = NewDisposeScope();
        Tensor anchor = Images.FirstTensor(requiresGrad: true), positive = Images.SecondTensor(requiresGrad: true);
        Tensor queue = Images.QueueTensor().requires_grad_();
        Loss(name).WithQueue(anchor, positive, queue).Value.backward();
        AssertSlope(Images.First, rows => PlainLoss.WithQueue(name, rows, Images.Second, Images.Queue, 0.2).Mean, anchor);
        Assert.Null(positive.grad);
        Assert.Null(queue.grad);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void In_a_cross_view_only_the_candidates_have_one(string name)
    {
        using var scope = NewDisposeScope();
        Tensor anchor = Images.FirstTensor(requiresGrad: true), positive = Images.SecondTensor(requiresGrad: true);
        Loss(name).CrossView(anchor, positive).Value.backward();
        AssertSlope(Images.Second, rows => PlainLoss.CrossView(name, Images.First, rows, 0.2).Mean, positive);
        Assert.Null(anchor.grad);
    }

    [Fact]
    public void Detached_weights_change_the_gradient_but_not_the_value()
    {
        using var scope = NewDisposeScope();
        Tensor first = Images.FirstTensor(requiresGrad: true), other = Images.FirstTensor(requiresGrad: true);
        LossValue detached = ContrastiveLoss.DecoupledWeighted(0.2).TwoViews(first, Images.SecondTensor());
        LossValue attached = Loss("dclw").TwoViews(other, Images.SecondTensor());
        detached.Value.backward();
        attached.Value.backward();
        Assert.Equal(Batch.Number(attached.Value), Batch.Number(detached.Value));
        Assert.True((first.grad! - other.grad!).abs().max().item<double>() > 1e-3);
    }

    // The weights' share of the slope counts here, so the gradient must run through them.
    private static ContrastiveLoss Loss(string name) =>
        name == "dclw" ? ContrastiveLoss.DecoupledWeighted(0.2, detachWeights: false) : ContrastiveLoss.Create(name, 0.2);

    private static void AssertSlope(double[][] rows, Func<double[][], double> loss, Tensor input)
    {
        double[] expected = new double[rows.Length * rows[0].Length];
        for (int i = 0; i < expected.Length; i++)
        {
            double[][] moved = [.. rows.Select(row => row.ToArray())];
            ref double value = ref moved[i / rows[0].Length][i % rows[0].Length];
            double middle = value, step = Step * rows[i / rows[0].Length].Max(Math.Abs);
            value = middle + step;
            double above = loss(moved);
            value = middle - step;
            expected[i] = (above - loss(moved)) / (2 * step);
        }
        // Differences err by about step² and rounding / step: 1e-7 of the largest slope.
        Near.Equal(expected, Batch.Numbers(input.grad!), 1e-7, floor: expected.Max(Math.Abs));
    }
}
