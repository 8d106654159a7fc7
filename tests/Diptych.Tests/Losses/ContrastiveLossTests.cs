using CsCheck;
using Diptych.Losses;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

public sealed class ContrastiveLossTests
{
    public static TheoryData<string> Names => [.. ContrastiveLoss.Names];

    [Fact]
    public void The_gradient_of_infonce_is_q_times_that_of_the_decoupled_loss_for_every_anchor() => Batch.Any.Sample(batch =>
    {
        foreach ((_, Func<ContrastiveLoss, Tensor, Tensor, LossValue> of) in batch.Pairings())
        {
            using var scope = NewDisposeScope();
            Tensor first = batch.FirstTensor(requiresGrad: true), second = batch.SecondTensor(requiresGrad: true);
            LossValue coupled = of(ContrastiveLoss.InfoNce(batch.Temperature), first, second);
            LossValue decoupled = of(ContrastiveLoss.Decoupled(batch.Temperature), first, second);
            double[] q = Batch.Numbers(coupled.Diagnostics.Q);
            for (int anchor = 0; anchor < q.Length; anchor++)
            {
                double[] expected = [.. Gradient(decoupled, anchor, first, second).Select(value => q[anchor] * value)];
                double[] actual = Gradient(coupled, anchor, first, second);
                Assert.NotEmpty(expected);
                // Relative to the anchor's largest number: small ones are differences of large ones.
                Near.Equal(expected, actual, 1e-11, floor: Math.Max(1, expected.Max(Math.Abs)));
            }
        }
    }, iter: 40);

    [Fact]
    public void All_embeddings_equal_gives_the_logarithm_of_the_number_of_terms()
    {
        foreach (int images in new[] { 2, 3, 17 })
        {
            using var scope = NewDisposeScope();
            Tensor same = tensor([0.3, -1.2, 2.0]).expand(images, 3);
            Tensor queue = tensor([0.3, -1.2, 2.0]).expand(7, 3);
            Near.Equal(Math.Log(2 * images - 1), Value(ContrastiveLoss.InfoNce(0.07).TwoViews(same, same)), 1e-12);
            Near.Equal(Math.Log(2 * images - 2), Value(ContrastiveLoss.Decoupled(0.07).TwoViews(same, same)), 1e-12);
            Near.Equal(Math.Log(2 * images - 2), Value(ContrastiveLoss.DecoupledWeighted(0.07).TwoViews(same, same)), 1e-12);
            Near.Equal(Math.Log(8), Value(ContrastiveLoss.InfoNce(0.07).WithQueue(same, same, queue)), 1e-12);
            Near.Equal(Math.Log(7), Value(ContrastiveLoss.Decoupled(0.07).WithQueue(same, same, queue)), 1e-12);
            Near.Equal(Math.Log(images), Value(ContrastiveLoss.InfoNce(0.07).CrossView(same, same)), 1e-12);
            Near.Equal(Math.Log(images - 1), Value(ContrastiveLoss.Decoupled(0.07).CrossView(same, same)), 1e-12);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_order_of_the_images_does_not_matter(string name) => Batch.Any.Sample(batch =>
    {
        int[] order = [.. Enumerable.Range(0, batch.Images)];
        new CounterRandom(batch.Images).Shuffle(order);
        AssertSameValues(name, batch, batch with { First = [.. order.Select(i => batch.First[i])], Second = [.. order.Select(i => batch.Second[i])] });
    }, iter: 50);

    [Theory]
    [MemberData(nameof(Names))]
    public void The_length_of_an_embedding_does_not_matter(string name) => Batch.Any.Sample(batch =>
    {
        static double[][] Scale(double[][] rows, double step) =>
            [.. rows.Select((row, i) => row.Select(value => value * Math.Pow(10, step * (i - 1))).ToArray())];
        AssertSameValues(name, batch, batch with { First = Scale(batch.First, 1), Second = Scale(batch.Second, -2), Queue = Scale(batch.Queue, 1) });
    }, iter: 50);

    [Fact]
    public void Lengths_whose_squares_leave_float32_do_not_matter_either()
    {
        using var scope = NewDisposeScope();
        Batch batch = Batch.Create(4, 8, temperature: 0.1);
        Tensor first = Batch.Tensor(batch.First, ScalarType.Float32), second = Batch.Tensor(batch.Second, ScalarType.Float32);
        var loss = ContrastiveLoss.Decoupled(0.1);
        Near.Equal(Value(loss.TwoViews(first, second)), Value(loss.TwoViews(first * 1e-30, second * 1e30)), 1e-5);
    }

    [Fact]
    public void The_views_may_be_exchanged()
    {
        using var scope = NewDisposeScope();
        Batch batch = Batch.Create(5, 4, temperature: 0.1);
        foreach (ContrastiveLoss loss in Batch.EveryLoss(0.1))
            Near.Equal(Value(loss.TwoViews(batch.FirstTensor(), batch.SecondTensor())), Value(loss.TwoViews(batch.SecondTensor(), batch.FirstTensor())), 1e-12);
    }

    [Fact]
    public void A_decoupled_loss_may_be_negative()
    {
        using var scope = NewDisposeScope();
        Tensor corners = eye(4, dtype: ScalarType.Float64);
        // Positives at similarity 1, the 6 negatives at 0: −1/t + log 6.
        Near.Equal(-10 + Math.Log(6), Value(ContrastiveLoss.Decoupled(0.1).TwoViews(corners, corners)), 1e-12);
    }

    [Fact]
    public void A_small_q_keeps_its_digits()
    {
        using var scope = NewDisposeScope();
        Tensor corners = eye(4, dtype: ScalarType.Float64);
        // 1 − p⁺ = 6 / (6 + e^100), far below what 1 − p⁺ can show in float64.
        Near.Equal(6 * Math.Exp(-100), ContrastiveLoss.InfoNce(0.01).TwoViews(corners, corners).Diagnostics.QMean, 1e-11, floor: 0);
        Near.Equal(6 * Math.Exp(-100), Value(ContrastiveLoss.InfoNce(0.01).TwoViews(corners, corners)), 1e-11, floor: 0);
    }

    [Fact]
    public void The_weights_stay_finite_however_small_sigma_is()
    {
        using var scope = NewDisposeScope();
        Tensor corners = eye(4, dtype: ScalarType.Float64);
        // All positives are equally similar, so every weight is 1; e^{1/σ} alone would overflow.
        Near.Equal(-10 + Math.Log(6), Value(ContrastiveLoss.DecoupledWeighted(0.1, sigma: 0.001).TwoViews(corners, corners)), 1e-12);
    }

    [Fact]
    public void A_queue_serves_a_single_image()
    {
        using var scope = NewDisposeScope();
        Tensor corners = eye(4, dtype: ScalarType.Float64);
        Tensor anchor = corners.narrow(0, 0, 1), queue = corners.narrow(0, 1, 3);
        Near.Equal(-10 + Math.Log(3), Value(ContrastiveLoss.Decoupled(0.1).WithQueue(anchor, anchor, queue)), 1e-12);
    }

    [Fact]
    public void Names_and_options_can_be_read_back()
    {
        Assert.Equal(["infonce", "dcl", "dclw"], ContrastiveLoss.Names);
        foreach (string name in ContrastiveLoss.Names)
            Assert.Equal(name, ContrastiveLoss.Create(name, 0.1).Name);
        var loss = ContrastiveLoss.DecoupledWeighted(0.2, sigma: 0.7, detachWeights: false);
        Assert.Equal((0.2, 0.7, false), (loss.Temperature, loss.Sigma, loss.DetachWeights));
        Assert.Equal(ContrastiveLoss.DecoupledWeighted(0.1), ContrastiveLoss.Create("dclw", 0.1));
        Assert.True(ContrastiveLoss.DecoupledWeighted(0.1).DetachWeights);
    }

    private static void AssertSameValues(string name, Batch one, Batch two)
    {
        var loss = ContrastiveLoss.Create(name, one.Temperature);
        foreach ((var left, var right) in one.Pairings().Zip(two.Pairings()))
        {
            using var scope = NewDisposeScope();
            double expected = Value(left.Of(loss, one.FirstTensor(), one.SecondTensor()));
            Near.Equal(expected, Value(right.Of(loss, two.FirstTensor(), two.SecondTensor())), 1e-11);
        }
    }

    private static double[] Gradient(LossValue value, int anchor, Tensor first, Tensor second)
    {
        // No output of a pairing depends on its constants: ask only for those it does depend on.
        using var scope = NewDisposeScope();
        IList<Tensor> gradients = autograd.grad([value.PerAnchor[anchor]], [first, second], retain_graph: true, allow_unused: true);
        return [.. gradients.Where(gradient => gradient is not null && !gradient.IsInvalid).SelectMany(Batch.Numbers)];
    }

    private static double Value(LossValue value) => Batch.Number(value.Value);
}
