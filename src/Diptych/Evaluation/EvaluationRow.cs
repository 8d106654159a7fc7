namespace Diptych.Evaluation;

/// <summary>A figure with its whole protocol: one row of the table.</summary>
public sealed record EvaluationRow
{
    /// <summary>What the baselines' features are called.</summary>
    internal const string RawPixels = "raw pixels", UntrainedEncoder = "untrained encoder";

    /// <summary>What follows an encoder's name for its projector's features.</summary>
    internal const string Embedding = " embedding";

    /// <summary>Which features: <c>raw pixels</c>, <c>untrained encoder</c>, <c>dcl</c>, <c>dcl embedding</c>.</summary>
    public required string Features { get; init; }

    /// <summary>Whether they are the trained encoder's, its projector's included.</summary>
    internal bool IsOfEncoder => Features is not (RawPixels or UntrainedEncoder);

    /// <summary>Whether they are the projector's.</summary>
    internal bool IsOfEmbedding => Features.EndsWith(Embedding, StringComparison.Ordinal);

    /// <summary>Epochs the encoder was trained for; null where it was not, or nobody knows.</summary>
    public int? Epoch { get; init; }

    /// <summary>What named the test images: <c>nearest neighbour</c>, <c>linear probe</c>, <c>augmented probe</c> or <c>fine-tuning</c>.</summary>
    public required string Classifier { get; init; }

    /// <summary>Which labelled images it learned from: <c>all</c>, <c>10 a class</c>, <c>1 %</c>.</summary>
    public required string Labels { get; init; }

    /// <summary>How many those are; in each draw.</summary>
    public required int LabelCount { get; init; }

    /// <summary>How often they were drawn; 1 when all are used.</summary>
    public required int Draws { get; init; }

    /// <summary>The images it was judged on, used for nothing else.</summary>
    public required string Split { get; init; }

    /// <summary>Neighbours that voted; null where there are none, or the draws chose differently.</summary>
    public int? K { get; init; }

    /// <summary>Temperature of the votes; null as for <see cref="K"/>.</summary>
    public double? Temperature { get; init; }

    /// <summary>The linear probe's penalty; null where there is none, or the draws chose differently.</summary>
    public double? Penalty { get; init; }

    /// <summary>Peak learning rate of the augmented probe or of fine-tuning; null where there is none, or the draws chose differently.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Whether K, temperature, penalty or the probe's learning rate were chosen, on held-out labelled images.</summary>
    public bool IsChosen { get; init; }

    /// <summary>Where draws and held-out parts start.</summary>
    public required long Seed { get; init; }

    /// <summary>Share of test images named rightly, in [0, 1]; the mean over the draws.</summary>
    public required double Accuracy { get; init; }

    /// <summary>Standard deviation over the draws (n − 1); null for one draw.</summary>
    public double? AccuracyDeviation { get; init; }

    /// <summary>Share whose class is among the five most likely, mean over the draws; null with five classes or fewer.</summary>
    public double? Top5 { get; init; }

    /// <summary>Mean F1 of the classes; the mean over the draws.</summary>
    public required double MacroF1 { get; init; }

    /// <summary>Expected calibration error; the mean over the draws.</summary>
    public required double CalibrationError { get; init; }

    /// <summary>Intervals, every class and the confusion matrix; null with several draws.</summary>
    public ClassificationMetrics? Metrics { get; init; }

    /// <summary>Puts the draws' figures together.</summary>
    internal static EvaluationRow Of(IReadOnlyList<ClassificationMetrics> figures, string features, int? epoch, string classifier, string labels, int[][] draws, string split, long seed)
    {
        Spread accuracy = Spread.Of([.. figures.Select(f => f.Top1)])!;
        return new EvaluationRow
        {
            Features = features,
            Epoch = epoch,
            Classifier = classifier,
            Labels = labels,
            LabelCount = draws[0].Length,
            Draws = draws.Length,
            Split = split,
            Seed = seed,
            Accuracy = accuracy.Mean,
            AccuracyDeviation = accuracy.Deviation,
            Top5 = figures[0].Top5 is null ? null : figures.Average(f => f.Top5!.Value),
            MacroF1 = figures.Average(f => f.MacroF1),
            CalibrationError = figures.Average(f => f.CalibrationError),
            Metrics = figures.Count == 1 ? figures[0] : null,
        };
    }
}
