using Diptych.Evaluation;
using static TorchSharp.torch;

namespace Diptych.Tests.Evaluation;

public sealed class NeighboursTests
{
    [Fact]
    public void Labels_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        Tensor bank = randn(6, 3), queries = randn(4, 3);
        using Neighbours found = Neighbours.Find(bank, queries, k: 2);
        foreach (int[] labels in (int[][])[[0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1, 1], [0, 1, 0, 1, 0, -1], [0, 1, 0, 1, 0, 2]])
            Assert.Throws<ArgumentException>(() => found.Vote(labels, classes: 2, k: 2, temperature: 0.1));
        int[] right = [0, 1, 0, 1, 0, 1];
        Assert.Throws<ArgumentException>(() => RetrievalMetrics.Of(bank, right, queries, [0, 1, 0], 1));
        Assert.Throws<ArgumentException>(() => RetrievalMetrics.Of(bank, right, queries, [0, 1, 0, 1, 0], 1));
        Assert.Throws<ArgumentException>(() => RetrievalMetrics.Of(bank, right[1..], queries, [0, 1, 0, 1], 1));
        Assert.Throws<ArgumentException>(() => RetrievalMetrics.Of(bank, right, randn(4, 2), [0, 1, 0, 1], 1));
        Assert.Throws<ArgumentException>(() => ClassificationMetrics.Of(ones(2, 2), [0, -1], ["a", "b"]));
    }

    [Theory]
    [InlineData(65_536 + 20)] // two tiles of the bank, and the second one shorter than k
    [InlineData(12_800 + 37)] // groups, and columns that fill none
    [InlineData(300)]
    public void Tiles_and_groups_find_what_one_matrix_finds(int images)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        Tensor bank = randn([images, 6], generator: generator), queries = randn([300, 6], generator: generator);
        bank.narrow(0, 100, 100).copy_(bank.narrow(0, 0, 100)); // equally near ones
        using Neighbours found = Neighbours.Find(bank, queries, 50);
        var (similarity, _) = nn.functional.normalize(queries).mm(nn.functional.normalize(bank).t()).topk(50, dim: 1);
        Assert.True(found.Similarity.allclose(similarity, rtol: 1e-5, atol: 1e-6));
        Tensor own = nn.functional.cosine_similarity(queries.unsqueeze(1), bank[found.Index], dim: 2);
        Assert.True(own.allclose(found.Similarity, rtol: 1e-4, atol: 1e-5));
        Assert.Equal(300 * 50, Enumerable.Range(0, 300).Sum(q => found.Index[q].data<long>().Distinct().Count()));
    }

    [Fact]
    public void One_search_serves_every_k()
    {
        using var scope = NewDisposeScope();
        using Neighbours neighbours = Neighbours.Find(EvaluationGolden.Train(), EvaluationGolden.Test(), 100);
        foreach (int k in new[] { 1, 7, 100 })
        {
            int[] voted = neighbours.Vote(EvaluationGolden.TrainLabels, 7, k, 0.1).argmax(1).data<long>().Select(p => (int)p).ToArray();
            Assert.Equal(NearestNeighbour.Predict(EvaluationGolden.Train(), EvaluationGolden.TrainLabels, EvaluationGolden.Test(), 7, k, 0.1), voted);
        }
    }

    [Fact]
    public void Shares_of_the_votes_sum_to_one_at_any_temperature()
    {
        using var scope = NewDisposeScope();
        using Neighbours neighbours = Neighbours.Find(EvaluationGolden.Train(), EvaluationGolden.Test(), 20);
        foreach (double temperature in new[] { 1e-3, 0.1, 100 })
            Assert.True(neighbours.Vote(EvaluationGolden.TrainLabels, 7, 20, temperature).sum(dim: 1).allclose(ones(500)));
    }

    [Fact]
    public void Features_that_are_not_finite_are_refused_with_their_row()
    {
        using var scope = NewDisposeScope();
        Tensor bank = ones(5, 3);
        bank[3, 1] = float.NaN;
        Assert.Contains("Row 3 of the bank", Assert.Throws<ArgumentException>(() => Neighbours.Find(bank, ones(2, 3), 1)).Message, StringComparison.Ordinal);
        Assert.Contains("Row 3 of the queries", Assert.Throws<ArgumentException>(() => Neighbours.Find(ones(2, 3), bank, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_are_chosen_by_the_images_held_out()
    {
        using var scope = NewDisposeScope();
        var (k, temperature) = NearestNeighbour.Choose(EvaluationGolden.Train(), EvaluationGolden.TrainLabels, 7, [1, 20, 500], [0.05, 0.1], seed: 4);
        // The same choice in plain words: right predictions over the five parts, for each pair.
        double Right(int tried, double t) => HeldOut.For(EvaluationGolden.TrainLabels, 4).Sum(part => NearestNeighbour.Predict(
            EvaluationGolden.Train()[tensor(part.Fit.Select(i => (long)i).ToArray())], part.Fit.Select(i => EvaluationGolden.TrainLabels[i]).ToArray(),
            EvaluationGolden.Train()[tensor(part.Held.Select(i => (long)i).ToArray())], 7, tried, t).Zip(part.Held).Count(p => p.First == EvaluationGolden.TrainLabels[p.Second]));
        Assert.Equal(new[] { (1, 0.05), (1, 0.1), (20, 0.05), (20, 0.1) }.MaxBy(p => Right(p.Item1, p.Item2)), (k, temperature));
        Assert.Contains("k = 400", Assert.Throws<ArgumentException>(() => NearestNeighbour.Choose(EvaluationGolden.Train(), EvaluationGolden.TrainLabels, 7, [400], [0.1], 4)).Message, StringComparison.Ordinal);
    }
}
