using CsCheck;
using Diptych.Losses;
using Diptych.Tests.Reference;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

public sealed class ContrastiveDiagnosticsTests
{
    private static readonly ContrastiveLoss Loss = ContrastiveLoss.Decoupled(0.1);

    [Fact]
    public void All_numbers_are_those_of_plain_loops() => Batch.Any.Sample(batch =>
    {
        using var scope = NewDisposeScope();
        double[][] first = PlainLoss.Unit(batch.First), second = PlainLoss.Unit(batch.Second), queue = PlainLoss.Unit(batch.Queue);
        double[][] both = [.. first, .. second];
        int n = batch.Images;
        var pairs = from i in Enumerable.Range(0, 2 * n) from j in Enumerable.Range(0, 2 * n) where i % n != j % n select PlainLoss.Dot(both[i], both[j]);
        var crossed = from i in Enumerable.Range(0, n) from j in Enumerable.Range(0, n) where i != j select PlainLoss.Dot(first[i], second[j]);
        var queued = from a in first from k in queue select PlainLoss.Dot(a, k);
        double[] negatives = [pairs.Average(), queued.Average(), crossed.Average()];
        foreach ((var pairing, double negative) in batch.Pairings().Zip(negatives))
        {
            LossValue value = pairing.Of(ContrastiveLoss.Decoupled(batch.Temperature), batch.FirstTensor(), batch.SecondTensor());
            ContrastiveDiagnostics numbers = value.Diagnostics;
            double[] q = Batch.Numbers(numbers.Q);
            double variance = q.Average(value => Math.Pow(value - q.Average(), 2));
            Near.Equal(q.Average(), numbers.QMean, 1e-11);
            Near.Equal(Math.Sqrt(variance) / q.Average(), numbers.QVariation, 1e-9);
            Near.Equal([.. Enumerable.Range(0, 10).Select(bin => q.Count(value => Math.Min((int)(value * 10), 9) == bin) / (double)q.Length)], numbers.QHistogram, 1e-12);
            Near.Equal((Spread(first) + Spread(second)) / 2, numbers.DimensionSpread, 1e-11);
            Near.Equal(first.Zip(second, PlainLoss.SquaredDistance).Average(), numbers.Alignment, 1e-11);
            Near.Equal((Uniformity(first) + Uniformity(second)) / 2, numbers.Uniformity, 1e-11);
            Near.Equal(first.Zip(second, PlainLoss.Dot).Average(), numbers.MeanPositiveSimilarity, 1e-11);
            Near.Equal(negative, numbers.MeanNegativeSimilarity, 1e-11);
        }
    }, iter: 50);

    [Fact]
    public void Uniformity_is_right_for_more_images_than_one_block_holds()
    {
        using var scope = NewDisposeScope();
        Batch batch = Batch.Create(1030, 3, temperature: 0.1);
        double expected = (Uniformity(PlainLoss.Unit(batch.First)) + Uniformity(PlainLoss.Unit(batch.Second))) / 2;
        Near.Equal(expected, Loss.TwoViews(batch.FirstTensor(), batch.SecondTensor()).Diagnostics.Uniformity, 1e-11);
    }

    [Theory]
    [InlineData(3, 10)]
    [InlineData(10, 10)]
    public void Effective_rank_counts_orthogonal_directions(int directions, int dimensions)
    {
        using var scope = NewDisposeScope();
        Tensor rows = eye(dimensions, dtype: ScalarType.Float64).narrow(0, 0, directions);
        Near.Equal(directions, Loss.TwoViews(rows, rows).Diagnostics.EffectiveRank, 1e-10);
        Tensor twice = cat([rows, -rows], dim: 0);
        Near.Equal(directions, Loss.TwoViews(twice, twice).Diagnostics.EffectiveRank, 1e-10);
    }

    [Fact]
    public void Effective_rank_is_between_the_number_of_directions_where_they_are_used_unevenly()
    {
        using var scope = NewDisposeScope();
        Tensor rows = tensor([1.0, 0, 1, 0, 1, 0, 0, 1], 4, 2);
        double entropy = -(0.75 * Math.Log(0.75) + 0.25 * Math.Log(0.25));
        Near.Equal(Math.Exp(entropy), Loss.TwoViews(rows, rows).Diagnostics.EffectiveRank, 1e-10);
    }

    [Fact]
    public void Collapsed_embeddings_have_effective_rank_1_alignment_0_and_uniformity_0()
    {
        using var scope = NewDisposeScope();
        Tensor same = tensor([0.3, -1.2, 2.0]).expand(5, 3);
        ContrastiveDiagnostics numbers = Loss.TwoViews(same, same).Diagnostics;
        Near.Equal([1, 0, 0, 1, 1], [numbers.EffectiveRank, numbers.Alignment, numbers.Uniformity, numbers.MeanPositiveSimilarity, numbers.MeanNegativeSimilarity], 1e-10);
        Near.Equal(0, numbers.DimensionSpread, 1e-10);
        Near.Equal([8.0 / 9, 0], [numbers.QMean, numbers.QVariation], 1e-10);
    }

    [Fact]
    public void The_loss_does_not_change_the_diagnostics()
    {
        using var scope = NewDisposeScope();
        Batch batch = Batch.Create(6, 8, temperature: 0.1);
        double[] expected = Numbers(Loss);
        foreach (ContrastiveLoss loss in Batch.EveryLoss(0.1))
            Assert.Equal(expected, Numbers(loss));

        double[] Numbers(ContrastiveLoss loss)
        {
            ContrastiveDiagnostics numbers = loss.TwoViews(batch.FirstTensor(), batch.SecondTensor()).Diagnostics;
            return [numbers.QMean, numbers.QVariation, numbers.Alignment, numbers.Uniformity, numbers.EffectiveRank];
        }
    }

    [Fact]
    public void A_number_once_read_outlives_its_tensors()
    {
        Batch batch = Batch.Create(6, 8, temperature: 0.1);
        using Tensor first = batch.FirstTensor(), second = batch.SecondTensor();
        LossValue value = Loss.TwoViews(first, second);
        double rank = value.Diagnostics.EffectiveRank;
        value.Dispose();
        Assert.Equal(rank, value.Diagnostics.EffectiveRank);
    }

    [Fact]
    public void A_queue_may_be_overwritten_before_the_diagnostics_are_read()
    {
        using var scope = NewDisposeScope();
        Batch batch = Batch.Create(6, 8, temperature: 0.1);
        Tensor queue = batch.QueueTensor();
        LossValue kept = Loss.WithQueue(batch.FirstTensor(), batch.SecondTensor(), queue);
        double expected = Loss.WithQueue(batch.FirstTensor(), batch.SecondTensor(), queue).Diagnostics.MeanNegativeSimilarity;
        queue.fill_(1);
        Assert.Equal(expected, kept.Diagnostics.MeanNegativeSimilarity);
    }

    private static double Spread(double[][] rows) => Enumerable.Range(0, rows[0].Length).Average(j =>
    {
        double mean = rows.Average(row => row[j]);
        return Math.Sqrt(rows.Average(row => Math.Pow(row[j] - mean, 2)));
    });

    private static double Uniformity(double[][] rows)
    {
        double sum = 0;
        int pairs = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            for (int j = i + 1; j < rows.Length; j++, pairs++)
                sum += Math.Exp(-2 * PlainLoss.SquaredDistance(rows[i], rows[j]));
        }
        return Math.Log(sum / pairs);
    }
}
