using CsCheck;
using Diptych.Evaluation;
using static TorchSharp.torch;

namespace Diptych.Tests.Evaluation;

public sealed class NearestNeighbourTests
{
    private static readonly Gen<(int Bank, int Queries, int Length, int Classes, int K, double Temperature, int Seed)> Cases =
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 12], Gen.Int[2, 9], Gen.Int[1, 5], Gen.Int[1, 40], Gen.Double[0.02, 1], Gen.Int[0, 10000])
            .Select(c => (c.Item1, c.Item2, c.Item3, c.Item4, Math.Min(c.Item5, c.Item1), c.Item6, c.Item7));

    [Fact]
    public void Predicts_what_plain_loops_predict() => Cases.Sample(c =>
    {
        var random = new Random(c.Seed);
        double[][] bank = Rows(random, c.Bank, c.Length), queries = Rows(random, c.Queries, c.Length);
        int[] labels = Enumerable.Range(0, c.Bank).Select(_ => random.Next(c.Classes)).ToArray();
        using var scope = NewDisposeScope();
        int[] actual = NearestNeighbour.Predict(ToTensor(bank), labels, ToTensor(queries), c.Classes, c.K, c.Temperature);
        for (int q = 0; q < c.Queries; q++)
        {
            double[] similarity = bank.Select(row => Cosine(row, queries[q])).ToArray();
            double[] scores = new double[c.Classes];
            foreach (int i in Enumerable.Range(0, c.Bank).OrderByDescending(i => similarity[i]).Take(c.K))
                scores[labels[i]] += Math.Exp(similarity[i] / c.Temperature);
            // Float32 may decide otherwise only where the votes are all but equal.
            Assert.True(scores[actual[q]] > scores.Max() * (1 - 1e-4), $"query {q}: {string.Join(" ", scores)} but {actual[q]}");
        }
    });

    [Fact]
    public void Small_temperatures_do_not_overflow()
    {
        using var scope = NewDisposeScope();
        Tensor bank = tensor(new[,] { { 1f, 0f }, { 0f, 1f } });
        Assert.Equal([1], NearestNeighbour.Predict(bank, [0, 1], tensor(new[,] { { 0.1f, 1f } }), 2, 2, 0.001));
    }

    [Fact]
    public void The_nearest_decides_at_small_temperature_and_the_many_at_large()
    {
        using var scope = NewDisposeScope();
        Tensor bank = tensor(new[,] { { 1f, 0f }, { 0.8f, 0.6f }, { 0.8f, -0.6f } });
        Tensor query = tensor(new[,] { { 1f, 0f } });
        Assert.Equal([0], NearestNeighbour.Predict(bank, [0, 1, 1], query, 2, 3, 0.05));
        Assert.Equal([1], NearestNeighbour.Predict(bank, [0, 1, 1], query, 2, 3, 10));
    }

    [Fact]
    public void Wrong_arguments_are_refused_with_what_was_found()
    {
        using var scope = NewDisposeScope();
        Tensor bank = randn(3, 4), queries = randn(2, 4);
        Assert.Contains("[3, 4] and [2, 5]", Assert.Throws<ArgumentException>(() => NearestNeighbour.Predict(bank, [0, 0, 1], randn(2, 5), 2, 1, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("3 features and 2 labels", Assert.Throws<ArgumentException>(() => NearestNeighbour.Predict(bank, [0, 1], queries, 2, 1, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("(3), but it is 4", Assert.Throws<ArgumentException>(() => NearestNeighbour.Predict(bank, [0, 0, 1], queries, 2, 4, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("above 0, but it is 0", Assert.Throws<ArgumentException>(() => NearestNeighbour.Predict(bank, [0, 0, 1], queries, 2, 1, 0)).Message, StringComparison.Ordinal);
    }

    private static double[][] Rows(Random random, int count, int length) =>
        Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, length).Select(_ => random.NextDouble() * 2 - 1).ToArray()).ToArray();

    private static Tensor ToTensor(double[][] rows) => tensor(rows.SelectMany(r => r).ToArray()).reshape(rows.Length, -1);

    private static double Cosine(double[] a, double[] b) =>
        a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(x => x * x));
}
