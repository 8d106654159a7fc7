using CsCheck;
using Diptych.Losses;
using Diptych.Tests.Reference;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

/// <summary>Blend, false negatives, hard negatives and labels, alone and together, against plain loops.</summary>
public sealed class LossOptionTests
{
    // Temperatures from 0.05: in the plain loops the exponentials of lower ones leave float64's range of digits.
    private static readonly Gen<(Batch Batch, PlainOptions Options, int[] Labels)> Any = Gen.Select(
        Batch.Any, Gen.Double[0.05, 1], Gen.Int[0, 2].Select(number => ContrastiveLoss.Names[number]), OrOff(Gen.Double[0, 1], 0), OrOff(Gen.Double[0.01, 0.5], 0), OrOff(Gen.Double[0.1, 2], 0), OrOff(Gen.Double[-0.9, 0.9], double.PositiveInfinity), Gen.Int)
        .Select((batch, temperature, name, share, falseShare, hardness, ceiling, seed) =>
            (batch, new PlainOptions(name, temperature, share, falseShare, hardness, ceiling), Labels(batch.Images, seed)));

    [Fact]
    public void Every_option_in_every_pairing_is_the_formula() => Any.Sample(sample =>
    {
        using var scope = NewDisposeScope();
        (Batch batch, PlainOptions options, int[] labels) = sample;
        ContrastiveLoss loss = Create(options);
        Tensor first = batch.FirstTensor(), second = batch.SecondTensor();
        AssertSame(options.TwoViews(batch.First, batch.Second), loss.TwoViews(first, second));
        AssertSame(options.WithQueue(batch.First, batch.Second, batch.Queue), loss.WithQueue(first, second, batch.QueueTensor()));
        AssertSame(options.CrossView(batch.First, batch.Second), loss.CrossView(first, second));
        AssertSame(options.TwoViews(batch.First, batch.Second, labels), loss.SupervisedTwoViews(first, second, labels));
    }, iter: 200);

    [Fact]
    public void Every_option_is_the_formula_on_several_tiles()
    {
        using var scope = NewDisposeScope();
        Batch batch = Batch.Create(400, 3, temperature: 0.2);
        int[] labels = Labels(400, seed: 5);
        foreach (double ceiling in new[] { double.PositiveInfinity, 0.5, -0.9995 })
        {
            var options = new PlainOptions("dcl", 0.2, InfoNceShare: 0.3, FalseNegativeShare: 0.1, Hardness: 0.5, ceiling);
            AssertSame(options.TwoViews(batch.First, batch.Second), Create(options).TwoViews(batch.FirstTensor(), batch.SecondTensor()));
            AssertSame(options.TwoViews(batch.First, batch.Second, labels), Create(options).SupervisedTwoViews(batch.FirstTensor(), batch.SecondTensor(), labels));
        }
    }

    [Theory]
    [InlineData(5, 6)]
    [InlineData(260, 2)]
    public void The_gradient_of_every_option_is_the_slope(int images, int dimensions)
    {
        Batch batch = Batch.Create(images, dimensions, temperature: 0.2, seed: 3);
        PlainOptions[] all =
        [
            new("dcl", 0.2, InfoNceShare: 0.4), new("infonce", 0.2, FalseNegativeShare: 0.05), new("dcl", 0.2, FalseNegativeShare: 0.05), new("dcl", 0.2, FalseNegativeShare: 0.9),
            new("dcl", 0.2, Hardness: 0.7), new("dcl", 0.2, Ceiling: 0.3), new("dcl", 0.2, Ceiling: -0.99), new("infonce", 0.2, 0, 0.05, 0.7, 0.6),
        ];
        int[] labels = Labels(images, seed: 7);
        // Plain loops over many images are slow: there, only what depends on the tiles.
        foreach (PlainOptions options in all[(images > 100 ? 5 : 0)..])
        {
            ContrastiveLoss loss = Create(options);
            AssertSlopes(batch, (a, b) => options.TwoViews(a, b).Mean, loss.TwoViews, ofFirst: true, ofSecond: true);
            AssertSlopes(batch, (a, b) => options.WithQueue(a, b, batch.Queue).Mean, (a, b) => loss.WithQueue(a, b, batch.QueueTensor()), ofFirst: true, ofSecond: false);
            AssertSlopes(batch, (a, b) => options.CrossView(a, b).Mean, loss.CrossView, ofFirst: false, ofSecond: true);
            AssertSlopes(batch, (a, b) => options.TwoViews(a, b, labels).Mean, (a, b) => loss.SupervisedTwoViews(a, b, labels), ofFirst: true, ofSecond: true);
        }
    }

    [Fact]
    public void An_anchor_that_would_lose_all_its_negatives_keeps_the_least_similar()
    {
        using var scope = NewDisposeScope();
        Tensor same = tensor([0.6, 0.8]).expand(3, 2);
        // All similarities are 1: one of the four negatives stays, so log U = 1/t.
        Near.Equal(0, Batch.Number((ContrastiveLoss.Decoupled(0.1) with { SimilarityCeiling = 0.5 }).TwoViews(same, same).Value), 1e-11);
    }

    [Fact]
    public void One_label_for_each_image_is_the_loss_without_labels() => Batch.Any.Sample(batch =>
    {
        using var scope = NewDisposeScope();
        foreach (ContrastiveLoss loss in Batch.EveryLoss(batch.Temperature))
        {
            LossValue expected = loss.TwoViews(batch.FirstTensor(), batch.SecondTensor());
            LossValue actual = loss.SupervisedTwoViews(batch.FirstTensor(), batch.SecondTensor(), [.. Enumerable.Range(0, batch.Images)]);
            Near.Equal(Batch.Numbers(expected.PerAnchor), Batch.Numbers(actual.PerAnchor), 1e-11);
            Near.Equal(expected.Diagnostics.MeanNegativeSimilarity, actual.Diagnostics.MeanNegativeSimilarity, 1e-11);
        }
    }, iter: 50);

    [Fact]
    public void A_schedule_sets_the_temperature_and_mistakes_are_refused()
    {
        var loss = ContrastiveLoss.DecoupledWeighted(0.1, sigma: 0.7);
        Assert.Equal(ContrastiveLoss.DecoupledWeighted(0.2, sigma: 0.7), loss with { Temperature = 0.2 });
        AssertRefused("The temperature must be a finite number above 0, but it is -1.", () => loss with { Temperature = -1 });
        AssertRefused("The share of InfoNCE must be in [0, 1], but it is 1.5.", () => loss with { InfoNceShare = 1.5 });
        AssertRefused("The share of false negatives must be in [0, 1), but it is 1.", () => loss with { FalseNegativeShare = 1 });
        AssertRefused("The hardness must be a finite number of at least 0, but it is NaN.", () => loss with { Hardness = double.NaN });
        AssertRefused("The similarity ceiling must be in (−1, 1), but it is 1.", () => loss with { SimilarityCeiling = 1 });
    }

    [Fact]
    public void Labels_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        Tensor rows = ones(4, 2);
        var loss = ContrastiveLoss.Decoupled(0.1);
        AssertRefused("Each image needs one label, but there are 4 images and 3 labels.", () => loss.SupervisedTwoViews(rows, rows, [1, 2, 3]));
        AssertRefused("All 4 images have the label 7, so none has a negative: give images of at least two classes.", () => loss.SupervisedTwoViews(rows, rows, [7, 7, 7, 7]));
    }

    private static ContrastiveLoss Create(PlainOptions options) => ContrastiveLoss.Create(options.Name, options.Temperature) with
    {
        InfoNceShare = options.InfoNceShare,
        FalseNegativeShare = options.FalseNegativeShare,
        Hardness = options.Hardness,
        SimilarityCeiling = double.IsPositiveInfinity(options.Ceiling) ? null : options.Ceiling,
    };

    private static Gen<double> OrOff(Gen<double> values, double off) => Gen.Bool.SelectMany(isOn => isOn ? values : Gen.Const(off));

    private static int[] Labels(int images, int seed)
    {
        var random = new CounterRandom(seed);
        int[] labels = [.. Enumerable.Range(0, images).Select(_ => (int)(random.NextDouble(0, 1) * 3))];
        (labels[0], labels[1]) = (0, 1);
        return labels;
    }

    // Differences of numbers that cancel, as debiasing takes, lose digits in the plain loops too.
    private static void AssertSame(PlainLoss expected, LossValue actual)
    {
        Near.Equal(expected.PerAnchor, Batch.Numbers(actual.PerAnchor), 1e-8);
        Near.Equal(expected.Q, Batch.Numbers(actual.Diagnostics.Q), 1e-8);
    }

    private static void AssertSlopes(Batch batch, Func<double[][], double[][], double> plain, Func<Tensor, Tensor, LossValue> loss, bool ofFirst, bool ofSecond)
    {
        using var scope = NewDisposeScope();
        Tensor first = batch.FirstTensor(requiresGrad: true), second = batch.SecondTensor(requiresGrad: true);
        loss(first, second).Value.backward();
        Assert.Equal((ofFirst, ofSecond), (first.grad is not null, second.grad is not null));
        if (ofFirst)
            AssertSlope(batch.First, rows => plain(rows, batch.Second), first.grad!);
        if (ofSecond)
            AssertSlope(batch.Second, rows => plain(batch.First, rows), second.grad!);
    }

    private static void AssertSlope(double[][] rows, Func<double[][], double> loss, Tensor gradient)
    {
        double[] actual = Batch.Numbers(gradient);
        double largest = actual.Max(Math.Abs);
        foreach (int i in new[] { 0, actual.Length / 2, actual.Length - 1 })
        {
            double step = 1e-6 * rows[i / rows[0].Length].Max(Math.Abs);
            double Moved(double by)
            {
                double[][] moved = [.. rows.Select(row => row.ToArray())];
                moved[i / rows[0].Length][i % rows[0].Length] += by;
                return loss(moved);
            }
            Near.Equal((Moved(step) - Moved(-step)) / (2 * step), actual[i], 1e-5, floor: largest);
        }
    }

    private static void AssertRefused(string message, Func<object> call) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(call).Message);
}
