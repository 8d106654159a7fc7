namespace Diptych.Methods;

/// <summary>The numbers a method needs beside its encoder; each method takes what it has a use for.</summary>
public sealed record MethodSettings
{
    /// <summary>Length of the hidden layers of projector and predictor.</summary>
    public int Hidden { get; init; } = 512;

    /// <summary>Length D of an embedding.</summary>
    public int EmbeddingSize { get; init; } = 128;

    /// <summary>MoCo: negatives kept.</summary>
    public int Queue { get; init; } = 4096;

    /// <summary>MoCo: share of the momentum encoder and projector that each step retains.</summary>
    public double Momentum { get; init; } = 0.99;

    /// <summary>MoCo: whether each view is anchor once.</summary>
    public bool IsSymmetric { get; init; }

    /// <summary>NNCLR: embeddings among which neighbours are sought.</summary>
    public int SupportSet { get; init; } = 4096;

    /// <summary>Where the weights of projector and predictor start.</summary>
    public long Seed { get; init; }
}
