using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>One kind of features, judged in every way that was asked for.</summary>
internal sealed class FeatureJudge(LabelledImages images, EvaluationOptions options, string name, int? epoch, Tensor train, Tensor test)
{
    private int Classes => images.Classes.Count;

    /// <summary>A row for each k and temperature, or one for those that were chosen.</summary>
    /// <param name="labels">Which labelled images, in words.</param>
    /// <param name="draws">Their indices; few-label figures have several draws.</param>
    /// <param name="ks">How many neighbours vote, where that is not chosen.</param>
    public IEnumerable<EvaluationRow> ByNeighbours(string labels, int[][] draws, IReadOnlyList<int> ks)
    {
        (int K, double Temperature)[] wanted = options.Choose
            ? [(0, 0)]
            : [.. from k in ks from temperature in options.Temperature select (k, temperature)];
        var figures = wanted.Select(_ => new List<ClassificationMetrics>()).ToArray();
        var used = new List<(int K, double Temperature)>();
        foreach (int[] draw in draws)
        {
            using var scope = NewDisposeScope();
            Tensor bank = draw.Length == images.TrainLabels.Length ? train : FeatureRows.Take(train, draw);
            int[] bankLabels = draw.Select(i => images.TrainLabels[i]).ToArray();
            (int K, double Temperature)[] pairs = options.Choose
                ? [NearestNeighbour.Choose(bank, bankLabels, Classes, options.K ?? NearestNeighbour.UsualK, options.Temperature, options.Seed)]
                : wanted;
            used.AddRange(pairs);
            using Neighbours neighbours = Neighbours.Find(bank, test, pairs.Max(p => p.K));
            foreach (var (i, (k, temperature)) in pairs.Index())
                figures[i].Add(images.Judge(neighbours.Vote(bankLabels, Classes, k, temperature), options.Seed, draws.Length, areVotes: true));
        }
        foreach (var (i, pair) in wanted.Index())
        {
            var (k, temperature) = options.Choose ? used[0] : pair;
            yield return Row("nearest neighbour", labels, draws, figures[i]) with
            {
                K = !options.Choose || used.All(u => u.K == k) ? k : null,
                Temperature = !options.Choose || used.All(u => u.Temperature == temperature) ? temperature : null,
                IsChosen = options.Choose,
            };
        }
    }

    /// <summary>Fits a linear classifier on every draw, its penalty chosen within the draw.</summary>
    /// <param name="labels">Which labelled images, in words.</param>
    /// <param name="draws">Their indices.</param>
    public EvaluationRow ByLinearProbe(string labels, int[][] draws)
    {
        var figures = new List<ClassificationMetrics>();
        var penalties = new List<double>();
        foreach (int[] draw in draws)
        {
            using var scope = NewDisposeScope();
            Tensor fit = draw.Length == images.TrainLabels.Length ? train : FeatureRows.Take(train, draw);
            int[] fitLabels = draw.Select(i => images.TrainLabels[i]).ToArray();
            penalties.Add(LinearProbe.Choose(fit, fitLabels, Classes, options.Seed));
            using LinearClassifier classifier = LinearProbe.Fit(fit, fitLabels, Classes, penalties[^1]);
            figures.Add(images.Judge(classifier.Probabilities(test), options.Seed, draws.Length));
        }
        return Row("linear probe", labels, draws, figures) with { Penalty = penalties.Distinct().Count() == 1 ? penalties[0] : null, IsChosen = true };
    }

    /// <summary>What needs no classifier.</summary>
    public FeatureFigures WithoutClassifier()
    {
        using var scope = NewDisposeScope();
        var spread = FeatureSpread.Of(test);
        var retrieval = options.Retrieval ? RetrievalMetrics.Of(train, images.TrainLabels, test, images.TestLabels, 1, 5, 10) : null;
        var clusters = options.Clusters ? ClusterAgreement.Of(images.TestLabels, KMeans.Group(nn.functional.normalize(test), Math.Min(Classes, images.TestLabels.Length), options.Seed).Groups) : null;
        return new FeatureFigures(name, spread.EffectiveRank, spread.Uniformity, retrieval, clusters);
    }

    private EvaluationRow Row(string classifier, string labels, int[][] draws, List<ClassificationMetrics> figures) =>
        EvaluationRow.Of(figures, name, epoch, classifier, labels, draws, images.Test.Description, options.Seed);
}
