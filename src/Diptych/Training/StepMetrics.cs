using System.Text.Json.Serialization;

namespace Diptych.Training;

/// <summary>What one step says of itself: a line of <c>metrics.jsonl</c>.</summary>
public sealed record StepMetrics
{
    /// <summary>Step, 1-based: how many steps were done after it.</summary>
    [JsonPropertyName("step")] public int Step { get; init; }

    /// <summary>Epoch, 0-based.</summary>
    [JsonPropertyName("epoch")] public int Epoch { get; init; }

    /// <summary>The loss; negative values are normal for DCL and DCLW.</summary>
    [JsonPropertyName("loss")] public required double Loss { get; init; }

    /// <summary>Mean over the anchors of q = 1 − p⁺, the factor by which InfoNCE's gradient is smaller than DCL's (where an anchor has one positive); in [0, 1].</summary>
    [JsonPropertyName("q-mean")] public required double QMean { get; init; }

    /// <summary>Coefficient of variation of q over the anchors.</summary>
    [JsonPropertyName("q-cv")] public required double QVariation { get; init; }

    /// <summary>Shares of the anchors whose q lies in [0, 0.1), [0.1, 0.2), … [0.9, 1].</summary>
    [JsonPropertyName("q-histogram")] public required IReadOnlyList<double> QHistogram { get; init; }

    /// <summary>Mean squared distance of anchor and positive; in [0, 4].</summary>
    [JsonPropertyName("alignment")] public required double Alignment { get; init; }

    /// <summary>Log of the mean of exp(−2 d²) over pairs of images; 0 is collapse, lower is more spread out.</summary>
    [JsonPropertyName("uniformity")] public required double Uniformity { get; init; }

    /// <summary>How many directions the embeddings use; 1 is collapse.</summary>
    [JsonPropertyName("effective-rank")] public required double EffectiveRank { get; init; }

    /// <summary>Mean similarity of anchors and their positives.</summary>
    [JsonPropertyName("positive-similarity")] public required double PositiveSimilarity { get; init; }

    /// <summary>Mean similarity of anchors and their negatives.</summary>
    [JsonPropertyName("negative-similarity")] public required double NegativeSimilarity { get; init; }

    /// <summary>Standard deviation of a dimension of the features scaled to length 1, times √F; in [0, 1], 0 is collapse.</summary>
    [JsonPropertyName("feature-deviation")] public required double FeatureDeviation { get; init; }

    /// <summary>Length of the gradient of all trained parameters, before clipping.</summary>
    [JsonPropertyName("gradient-norm")] public double GradientNorm { get; init; }

    /// <summary>Learning rate of the step.</summary>
    [JsonPropertyName("learning-rate")] public double LearningRate { get; init; }

    /// <summary>Temperature of the step.</summary>
    [JsonPropertyName("temperature")] public double Temperature { get; init; }

    /// <summary>Images (not views) a second, this step.</summary>
    [JsonPropertyName("images-per-second")] public double ImagesPerSecond { get; init; }

    /// <summary>Share of the step's time spent waiting for views; in [0, 1].</summary>
    [JsonPropertyName("data-wait")] public double DataWait { get; init; }

    /// <summary>Share of right answers on labelled training images, at steps where it was asked for; in [0, 1].</summary>
    [JsonPropertyName("online-accuracy"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public double? OnlineAccuracy { get; init; }

    /// <summary>The mean of what the batches of one step say; the effective rank is the last one's.</summary>
    /// <param name="batches">At least one.</param>
    internal static StepMetrics Mean(IReadOnlyList<StepMetrics> batches) => batches.Count == 1 ? batches[0] : new()
    {
        Loss = batches.Average(b => b.Loss),
        QMean = batches.Average(b => b.QMean),
        QVariation = batches.Average(b => b.QVariation),
        QHistogram = Enumerable.Range(0, batches[0].QHistogram.Count).Select(bin => batches.Average(b => b.QHistogram[bin])).ToArray(),
        Alignment = batches.Average(b => b.Alignment),
        Uniformity = batches.Average(b => b.Uniformity),
        EffectiveRank = batches[^1].EffectiveRank,
        PositiveSimilarity = batches.Average(b => b.PositiveSimilarity),
        NegativeSimilarity = batches.Average(b => b.NegativeSimilarity),
        FeatureDeviation = batches.Average(b => b.FeatureDeviation),
    };
}
