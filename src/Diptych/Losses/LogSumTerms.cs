namespace Diptych.Losses;

/// <summary>What a log-sum-exp sums over its candidates.</summary>
/// <param name="Scale">Factor of the similarity in the exponent: 1 / temperature.</param>
internal sealed record LogSumTerms(double Scale)
{
    /// <summary>Factor of the similarity in a second sum over the same candidates; 0 for none.</summary>
    public double SecondScale { get; init; }

    /// <summary>Candidates more similar than this stay out. An anchor that would keep none keeps the least similar one.</summary>
    public double Ceiling { get; init; } = double.PositiveInfinity;

    /// <summary>Whether the candidates that each anchor keeps are counted.</summary>
    public bool HasCounts { get; init; }

    /// <summary>Whether the similarity of each image's two views is wanted too, where the anchors are both views: its gradient then needs no tensors of its own.</summary>
    public bool HasPairs { get; init; }

    /// <summary>The factor of each sum, in units of the first.</summary>
    public double[] Ratios => SecondScale > 0 ? [1, SecondScale / Scale] : [1];

    public bool HasCeiling => !double.IsPositiveInfinity(Ceiling);
}
