using System.Text.Json.Serialization;

namespace Diptych.Training;

/// <summary>What one step says of itself: a line of <c>metrics.jsonl</c>.</summary>
public sealed record StepMetrics
{
    /// <summary>Step, 1-based: how many steps were done after it.</summary>
    [JsonPropertyName("step")] public required int Step { get; init; }

    /// <summary>Epoch, 0-based.</summary>
    [JsonPropertyName("epoch")] public required int Epoch { get; init; }

    /// <summary>The loss; negative values are normal for DCL and DCLW.</summary>
    [JsonPropertyName("loss")] public required double Loss { get; init; }

    /// <summary>Mean over the anchors of q = 1 − p⁺, the factor by which InfoNCE's gradient is smaller than DCL's; in [0, 1].</summary>
    [JsonPropertyName("q-mean")] public required double QMean { get; init; }

    /// <summary>Coefficient of variation of q over the anchors.</summary>
    [JsonPropertyName("q-cv")] public required double QVariation { get; init; }

    /// <summary>Mean squared distance of the two views of an image; in [0, 4].</summary>
    [JsonPropertyName("alignment")] public required double Alignment { get; init; }

    /// <summary>Log of the mean of exp(−2 d²) over pairs of images; 0 is collapse, lower is more spread out.</summary>
    [JsonPropertyName("uniformity")] public required double Uniformity { get; init; }

    /// <summary>Learning rate of the step.</summary>
    [JsonPropertyName("learning-rate")] public required double LearningRate { get; init; }

    /// <summary>Images (not views) a second, this step.</summary>
    [JsonPropertyName("images-per-second")] public required double ImagesPerSecond { get; init; }

    /// <summary>Share of the step's time spent waiting for views; in [0, 1].</summary>
    [JsonPropertyName("data-wait")] public required double DataWait { get; init; }
}
