using System.Text.Json;
using Diptych.Evaluation;
using static Diptych.Tests.Evaluation.EvaluationGolden;
using static TorchSharp.torch;

namespace Diptych.Tests.Evaluation;

/// <summary>The same features, judged by scikit-learn.</summary>
public sealed class GoldenEvaluationTests
{
    [Fact]
    public void Nearest_neighbours_predict_what_scikit_learn_predicts()
    {
        using var scope = NewDisposeScope();
        using Neighbours neighbours = Neighbours.Find(Train(), Test(), 100);
        foreach (JsonElement golden in Root.GetProperty("nearest-neighbour").EnumerateArray())
        {
            Tensor shares = neighbours.Vote(TrainLabels, Classes, golden.GetProperty("k").GetInt32(), golden.GetProperty("temperature").GetDouble());
            Assert.Equal(Ints(golden.GetProperty("predicted")).Select(p => (long)p), shares.argmax(1).data<long>().ToArray());
        }
    }

    [Fact]
    public void The_linear_probe_predicts_what_logistic_regression_predicts()
    {
        using var scope = NewDisposeScope();
        foreach (JsonElement golden in Root.GetProperty("linear").EnumerateArray())
        {
            using LinearClassifier classifier = LinearProbe.Fit(Train(), TrainLabels, Classes, golden.GetProperty("penalty").GetDouble());
            Tensor probabilities = classifier.Probabilities(Test());
            int[] expected = Ints(golden.GetProperty("predicted")), actual = probabilities.argmax(1).data<long>().Select(p => (int)p).ToArray();
            Assert.Equal(NearestNeighbour.Accuracy(expected, TestLabels), NearestNeighbour.Accuracy(actual, TestLabels), 0.002);
            Assert.InRange(NearestNeighbour.Accuracy(actual, expected), 0.998, 1);
            foreach (var (wanted, found) in Numbers(golden.GetProperty("first-probabilities")).Zip(probabilities[0].data<float>().ToArray()))
                Assert.Equal(wanted, found, 2e-3);
        }
    }

    [Fact]
    public void Classification_metrics_are_those_of_scikit_learn()
    {
        using var scope = NewDisposeScope();
        var metrics = ClassificationMetrics.Of(Rows("probabilities"), TestLabels, Names, areVotes: true);
        Assert.Equal(Number("top1"), metrics.Top1, 1e-6);
        Assert.Equal(Number("top5"), metrics.Top5!.Value, 1e-6);
        Assert.Equal(Number("macro-f1"), metrics.MacroF1, 1e-6);
        Assert.Equal(Number("calibration-error"), metrics.CalibrationError, 1e-6);
        Assert.Equal(Numbers(Root.GetProperty("recall")), metrics.PerClass.Select(c => c.Recall!.Value), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(Numbers(Root.GetProperty("precision")), metrics.PerClass.Select(c => c.Precision!.Value), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(Numbers(Root.GetProperty("f1")), metrics.PerClass.Select(c => c.F1), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(Root.GetProperty("confusion").EnumerateArray().Select(Ints), metrics.Confusion.Select(row => row.ToArray()));
    }

    [Fact]
    public void Clusters_agree_with_labels_as_scikit_learn_says()
    {
        var agreement = ClusterAgreement.Of(TestLabels, Ints(Root.GetProperty("clusters")));
        Assert.Equal(Number("nmi"), agreement.NormalizedMutualInformation, 1e-6);
        Assert.Equal(Number("ari"), agreement.AdjustedRandIndex, 1e-6);
    }

    [Fact]
    public void K_means_finds_groups_as_tight_as_those_of_scikit_learn()
    {
        using var scope = NewDisposeScope();
        var (groups, spread) = KMeans.Group(Test(), Classes, seed: 1);
        Assert.InRange(spread, 0, Number("spread") * 1.01);
        Assert.Equal(Classes, groups.Distinct().Count());
    }

    [Fact]
    public void Retrieval_is_that_of_scikit_learn()
    {
        using var scope = NewDisposeScope();
        var retrieval = RetrievalMetrics.Of(Train(), TrainLabels, Test(), TestLabels, 1, 5, 10);
        Assert.Equal(Number("mean-average-precision"), retrieval.MeanAveragePrecision, 1e-6);
        foreach (JsonProperty recall in Root.GetProperty("recall-at").EnumerateObject())
            Assert.Equal(recall.Value.GetDouble(), retrieval.Recall[int.Parse(recall.Name, System.Globalization.CultureInfo.InvariantCulture)], 1e-6);
    }

    [Fact]
    public void Spread_is_that_of_the_formulas_in_double_precision()
    {
        using var scope = NewDisposeScope();
        var spread = FeatureSpread.Of(Test());
        Assert.Equal(Number("effective-rank"), spread.EffectiveRank, 1e-5);
        Assert.Equal(Number("uniformity"), spread.Uniformity, 1e-5);
    }
}
