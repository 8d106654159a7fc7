namespace Diptych.Evaluation;

/// <summary>How a classifier is trained on random views: SGD with momentum 0.9, cosine schedule, cross-entropy.</summary>
public sealed record ClassifierOptions
{
    internal const double Momentum = 0.9;

    /// <summary>Passes over the labelled images.</summary>
    public int Epochs { get; init; } = 30;

    /// <summary>Fewest steps: where labels are few, more passes are made.</summary>
    public int FewestSteps { get; init; } = 300;

    /// <summary>Images in a step, at most all of them.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Fine-tuning's peak learning rate. Of 0.01, 0.03 and 0.1 the last was best on held-out training tiles of EuroSAT with 2,000 labels, and equal to the others with 100.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Fine-tuning: the classifier learns at the whole rate, the encoder's last stage at this share of it, the one before at its square, and so on to the stem; in (0, 1].</summary>
    public double LayerDecay { get; init; } = 1;

    /// <summary>Fine-tuning: pull of weights towards zero.</summary>
    public double WeightDecay { get; init; } = 1e-4;

    /// <summary>Order of the images and views; an evaluation takes its own seed, for each draw another.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Passes over so many images.</summary>
    internal int EpochsFor(int images)
    {
        int steps = images / Math.Min(Batch, images);
        return Math.Max(Epochs, (FewestSteps + steps - 1) / steps);
    }
}
