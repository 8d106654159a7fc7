using Diptych.Losses;
using Diptych.Tests.Reference;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

/// <summary>Mistakes of published implementations: each planted one gives a value that the tests would tell from ours.</summary>
public sealed class FaultyLossTests
{
    // Far above the 1e-11 that the tests allow.
    private const double Visible = 1e-3;
    private static readonly Batch Images = Batch.Create(images: 8, dimensions: 16, temperature: 0.1, relation: 0.7);

    [Fact]
    public void Two_log_sum_exps_added() => AssertDiffers(FaultyLoss.TwoLogSumExpsAdded);

    [Fact]
    public void A_finite_mask_shows_at_a_low_temperature_only()
    {
        AssertDiffers(FaultyLoss.FiniteMask, temperature: 0.005, by: 10);
        Near.Equal(Decoupled(0.1), FaultyLoss.FiniteMask(Images.First, Images.Second, 0.1), 1e-9);
    }

    [Fact]
    public void A_mask_that_masks_nothing() => AssertDiffers(FaultyLoss.MaskOfNothing);

    [Fact]
    public void One_added_for_each_blanked_entry() => AssertDiffers(FaultyLoss.OneForEachBlankedEntry);

    [Fact]
    public void Cosine_positives_against_raw_negatives() => AssertDiffers(FaultyLoss.RawNegatives);

    [Fact]
    public void Only_cross_view_negatives() => AssertDiffers(FaultyLoss.OnlyCrossViewNegatives);

    [Fact]
    public void Anchors_of_one_view_only() => AssertDiffers(FaultyLoss.OneSided);

    [Fact]
    public void The_mask_of_a_full_batch_on_a_short_last_one()
    {
        AssertDiffers((first, second, t) => FaultyLoss.MaskOfAFixedBatch(first, second, t, batch: 11));
        Near.Equal(Decoupled(0.1), FaultyLoss.MaskOfAFixedBatch(Images.First, Images.Second, 0.1, batch: 8), 1e-11);
    }

    [Fact]
    public void Sigma_ignored()
    {
        double withSigma = Weighted(sigma: 0.5);
        double ignored = PlainLoss.TwoViews("dclw", Images.First, Images.Second, 0.1, sigma: 1).Mean;
        Assert.True(Math.Abs(withSigma - ignored) > Visible);
        Near.Equal(ignored, Weighted(sigma: 1), 1e-11);
    }

    [Fact]
    public void Weights_averaged_over_each_process_alone()
    {
        double halves = FaultyLoss.WeightsOfEachPart(Images.First, Images.Second, 0.1, 0.5, part: 4);
        Assert.True(Math.Abs(Weighted(sigma: 0.5) - halves) > Visible);
        double whole = FaultyLoss.WeightsOfEachPart(Images.First, Images.Second, 0.1, 0.5, part: 8);
        Near.Equal(whole, Weighted(sigma: 0.5), 1e-11);
    }

    [Fact]
    public void Minus_a_billion_does_not_exist_in_float16()
    {
        using var scope = NewDisposeScope();
        Tensor first = Batch.Tensor(Images.First, ScalarType.Float16), second = Batch.Tensor(Images.Second, ScalarType.Float16);
        Tensor similarities = nn.functional.normalize(first).mm(nn.functional.normalize(second).t());
        Assert.ThrowsAny<Exception>(() => similarities.masked_fill(eye(8, dtype: ScalarType.Bool), -1e9));
        Assert.True(double.IsFinite(Batch.Number(ContrastiveLoss.Decoupled(0.005).TwoViews(first, second).Value)));
    }

    private static void AssertDiffers(Func<double[][], double[][], double, double> faulty, double temperature = 0.1, double by = Visible)
    {
        double difference = Math.Abs(Decoupled(temperature) - faulty(Images.First, Images.Second, temperature));
        Assert.True(difference > by, $"The mistake changes the loss by only {difference}.");
    }

    private static double Decoupled(double temperature) => Value(ContrastiveLoss.Decoupled(temperature));

    private static double Weighted(double sigma) => Value(ContrastiveLoss.DecoupledWeighted(0.1, sigma));

    private static double Value(ContrastiveLoss loss)
    {
        using var scope = NewDisposeScope();
        return Batch.Number(loss.TwoViews(Images.FirstTensor(), Images.SecondTensor()).Value);
    }
}
