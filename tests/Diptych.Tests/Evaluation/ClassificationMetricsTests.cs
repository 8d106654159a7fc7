using CsCheck;
using Diptych.Evaluation;
using static TorchSharp.torch;

namespace Diptych.Tests.Evaluation;

public sealed class ClassificationMetricsTests
{
    [Fact]
    public void Of_equal_probabilities_the_lower_label_counts_as_more_likely()
    {
        using var scope = NewDisposeScope();
        Tensor even = full([6, 6], 1.0 / 6);
        var metrics = ClassificationMetrics.Of(even, [0, 1, 2, 3, 4, 5], ["a", "b", "c", "d", "e", "f"]);
        Assert.Equal(1.0 / 6, metrics.Top1, 1e-12);
        Assert.Equal(5.0 / 6, metrics.Top5!.Value, 1e-12);
        Assert.Equal(0, metrics.CalibrationError, 1e-6); // a sixth sure, a sixth right
        Assert.Null(metrics.PerClass[1].Precision);
        Assert.Equal(new Interval(0, metrics.PerClass[1].RecallInterval!.High), metrics.PerClass[1].RecallInterval);
    }

    [Fact]
    public void A_class_without_a_vote_is_no_guess()
    {
        using var scope = NewDisposeScope();
        Tensor votes = tensor(new[,] { { 0f, 0, 0, 0, 0, 0, 1 }, { 0, 0, 0, 0, 0, 0.75f, 0.25f } });
        string[] names = ["a", "b", "c", "d", "e", "f", "g"];
        Assert.Equal(0, ClassificationMetrics.Of(votes, [0, 1], names, areVotes: true).Top5);
        Assert.Equal(1, ClassificationMetrics.Of(votes, [6, 6], names, areVotes: true).Top5);
        Assert.Equal(1, ClassificationMetrics.Of(votes, [0, 1], names).Top5); // a probability may round to 0
    }

    [Fact]
    public void Five_classes_have_no_top_five()
    {
        using var scope = NewDisposeScope();
        Assert.Null(ClassificationMetrics.Of(eye(5), [0, 1, 2, 3, 4], ["a", "b", "c", "d", "e"]).Top5);
    }

    [Fact]
    public void Wilsons_interval_is_that_of_the_formula_and_holds_the_share()
    {
        // 81 of 263, a case of Newcombe, Statistics in Medicine 17 (1998), table I: 0.2553 to 0.3662.
        Interval newcombe = Interval.OfShare(81, 263);
        Assert.Equal(0.2553, newcombe.Low, 5e-5);
        Assert.Equal(0.3662, newcombe.High, 5e-5);
        Gen.Select(Gen.Int[0, 500], Gen.Int[1, 500]).Where((right, count) => right <= count).Sample((right, count) =>
        {
            Interval interval = Interval.OfShare(right, count);
            double share = (double)right / count;
            Assert.True(interval.Low >= 0 && interval.Low <= share && share <= interval.High && interval.High <= 1, $"{interval}");
        });
    }

    [Fact]
    public void Bootstrap_intervals_hold_the_figure_and_narrow_with_more_images()
    {
        using var scope = NewDisposeScope();
        Interval few = Of(60), many = Of(500);
        Assert.True(many.High - many.Low < (few.High - few.Low) / 1.5, $"{few} {many}");

        static Interval Of(int count)
        {
            var metrics = ClassificationMetrics.Of(EvaluationGolden.Rows("probabilities").narrow(0, 0, count), EvaluationGolden.TestLabels[..count], EvaluationGolden.Names);
            Assert.InRange(metrics.MacroF1, metrics.MacroF1Interval!.Low, metrics.MacroF1Interval!.High);
            return metrics.MacroF1Interval;
        }
    }

    [Fact]
    public void Wrong_shapes_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("[2, 3] of labels and classes", Assert.Throws<ArgumentException>(() => ClassificationMetrics.Of(ones(2, 2), [0, 1], ["a", "b", "c"])).Message, StringComparison.Ordinal);
    }
}
