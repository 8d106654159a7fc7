using Diptych.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>What a batch says of itself. What the figures are computed from is kept where it is, and looked at later, for several batches at once: no step waits for a device.</summary>
internal sealed class BatchFigures : IDisposable
{
    // Of more features their deviation is kept, which takes a few operations more but no memory.
    private const long MostFeatures = 1 << 18;

    // Held, see Arithmetic.
    private static readonly Scalar Zero = 0.ToScalar();

    private readonly Tensor[] _losses;
    private readonly DiagnosticInputs[] _directions;
    private readonly Tensor? _features; // [V, F]; null where there are many
    private readonly Tensor? _deviation; // of many features, [1]

    /// <summary>Keeps what is needed.</summary>
    /// <param name="directions">The losses, of each direction.</param>
    /// <param name="features">The encoder's features, <c>[V, F]</c>.</param>
    public BatchFigures(IReadOnlyList<LossValue> directions, Tensor features)
    {
        _losses = [.. directions.Select(d => Kept(d.Value))];
        _directions = [.. directions.Select(d => d.Diagnostics.KeepInputs())];
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        if (features.numel() > MostFeatures)
            _deviation = Kept(MeanDeviation(features.unsqueeze(0)));
        else
            _features = Kept(features);
    }

    /// <summary>The effective rank of its embeddings: the mean over the directions.</summary>
    public double EffectiveRank()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return _directions.Average(d => ContrastiveDiagnostics.EffectiveRankOf(ContrastiveDiagnostics.GramOf(cat([d.Anchors, d.Positives], dim: 0))).item<double>());
    }

    /// <summary>Throws where an embedding was zero or not finite.</summary>
    /// <exception cref="ArgumentException">One was.</exception>
    public void RequireUsable() => UnitRows.Require(_directions.SelectMany(d => d.Unchecked));

    /// <summary>Waits for the device and reads batches of equal shapes.</summary>
    /// <param name="batches">At least one.</param>
    /// <returns>Their figures, NaN or infinite where embeddings or losses were, without their effective rank. And whether every embedding was usable.</returns>
    public static (StepMetrics[] Figures, bool AreUsable) Read(IReadOnlyList<BatchFigures> batches)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        DiagnosticInputs[] all = [.. batches.SelectMany(b => b._directions)]; // S of them
        Tensor losses = stack(batches.SelectMany(b => b._losses)).to_type(ScalarType.Float32);
        Tensor q = stack(all.Select(d => d.Q)), anchors = stack(all.Select(d => d.Anchors)), positives = stack(all.Select(d => d.Positives)), negatives = stack(all.Select(d => d.NegativeSimilarity));
        Tensor[] columns =
        [
            losses, q.mean([1L]), ContrastiveDiagnostics.VariationOf(q), ContrastiveDiagnostics.AlignmentOf(anchors, positives),
            ContrastiveDiagnostics.UniformityOf(anchors, positives), ContrastiveDiagnostics.SimilarityOf(anchors, positives), negatives,
        ];
        Tensor figures = cat([stack(columns.Select(c => c.to_type(ScalarType.Float64)), dim: 1), ContrastiveDiagnostics.HistogramOf(q).to_type(ScalarType.Float64)], dim: 1); // [S, 7 + 10]
        double[] numbers = figures.cpu().contiguous().data<double>().ToArray();
        double[] deviations = (batches[0]._features is null ? cat([.. batches.Select(b => b._deviation!)], dim: 0) : MeanDeviation(stack(batches.Select(b => b._features!)))).to_type(ScalarType.Float64).cpu().data<double>().ToArray();
        Tensor[] largest = [.. all.SelectMany(d => d.Unchecked).Select(rows => rows.Largest.flatten())];
        bool areUsable = largest.Length == 0 || AreUsable(cat(largest, dim: 0));

        int directions = all.Length / batches.Count, width = (int)figures.shape[1];
        var read = new StepMetrics[batches.Count];
        for (int i = 0; i < read.Length; i++)
        {
            double[][] rows = [.. Enumerable.Range(i * directions, directions).Select(row => numbers[(row * width)..((row + 1) * width)])];
            double Mean(int column) => rows.Average(row => row[column]);
            read[i] = new StepMetrics
            {
                Loss = Mean(0),
                QMean = Mean(1),
                QVariation = Mean(2),
                QHistogram = ContrastiveDiagnostics.SharesOf([.. Enumerable.Range(columns.Length, width - columns.Length).Select(column => (long)rows.Sum(row => row[column]))]),
                Alignment = Mean(3),
                Uniformity = Mean(4),
                EffectiveRank = double.NaN,
                PositiveSimilarity = Mean(5),
                NegativeSimilarity = Mean(6),
                FeatureDeviation = deviations[i],
            };
        }
        return (read, areUsable);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable? part in _losses.Concat<IDisposable?>(_directions).Append(_features).Append(_deviation))
            part?.Dispose();
    }

    /// <summary>Standard deviation over the batch of features scaled to length 1: the mean over their F dimensions, times √F.</summary>
    /// <param name="features"><c>[V, F]</c>.</param>
    /// <returns>In [0, 1]: 0 when all images have the same features, near 1 when they point everywhere.</returns>
    /// <remarks>Source: Chen and He, arXiv 2011.10566, section 4.1.</remarks>
    public static double FeatureDeviation(Tensor features)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return MeanDeviation(features.unsqueeze(0)).item<float>();
    }

    // [S, V, F] → [S]
    private static Tensor MeanDeviation(Tensor features) =>
        nn.functional.normalize(features.to_type(ScalarType.Float32), dim: 2).std(1, unbiased: false).mean([1L]).Times(Math.Sqrt(features.shape[2]));

    private static bool AreUsable(Tensor largest) => (largest.isfinite() & largest.gt(Zero)).all().item<bool>();

    // Belongs to this object, and to no scope.
    private static Tensor Kept(Tensor tensor) => tensor.detach().DetachFromDisposeScope();
}
