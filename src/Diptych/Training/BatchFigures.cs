using Diptych.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>What a batch says of itself, computed where it is, to be read later: no step waits for a device.</summary>
internal sealed class BatchFigures : IDisposable
{
    // Held, see Arithmetic.
    private static readonly Scalar Zero = 0.ToScalar();

    private readonly Tensor _figures, _histogram, _deviation, _usable; // [directions, 7], [10], [], []
    private readonly double _featureLength;
    private readonly UnitRows[] _unchecked;
    private Tensor[] _grams;

    /// <summary>Computes; nothing is waited for.</summary>
    /// <param name="directions">The losses, of each direction.</param>
    /// <param name="features">The encoder's features, <c>[V, F]</c>.</param>
    public BatchFigures(IReadOnlyList<LossValue> directions, Tensor features)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        _figures = Kept(stack(directions.Select(d => cat([d.Value.detach().to_type(ScalarType.Float32).to_type(ScalarType.Float64).reshape(1), d.Diagnostics.Compute()], dim: 0))));
        _histogram = Kept(ContrastiveDiagnostics.HistogramOf(cat(directions.Select(d => d.Diagnostics.Q).ToArray(), dim: 0)));
        _deviation = Kept(MeanDeviation(features));
        _featureLength = Math.Sqrt(features.shape[1]);
        _grams = [.. directions.Select(d => Kept(d.Diagnostics.ComputeGram()))];
        _unchecked = [.. directions.SelectMany(d => d.Diagnostics.Unchecked).Select(rows => rows with { Largest = Kept(rows.Largest.detach().clone()) })];
        _usable = Kept(_unchecked.Length == 0 ? ones([], device: features.device) : stack(_unchecked.Select(rows => (rows.Largest.isfinite() & rows.Largest.gt(Zero)).all())).all());
    }

    /// <summary>Frees what only <see cref="StepMetrics.EffectiveRank"/> needs; it is not measured then.</summary>
    public void ForgetRank()
    {
        foreach (Tensor gram in _grams)
            gram.Dispose();
        _grams = [];
    }

    /// <summary>Waits for the device and reads.</summary>
    /// <returns>The figures; the effective rank is NaN where it was forgotten.</returns>
    /// <exception cref="ArgumentException">An embedding was zero or not finite.</exception>
    /// <exception cref="DivergedException">A loss was not finite.</exception>
    public StepMetrics Read()
    {
        using var scope = NewDisposeScope();
        if (!_usable.to_type(ScalarType.Bool).item<bool>())
            UnitRows.Require(_unchecked);
        double[] all = _figures.cpu().contiguous().data<double>().ToArray();
        int length = (int)_figures.shape[1];
        double Mean(int figure) => all.Where((_, i) => i % length == figure).Average();
        foreach (double loss in all.Where((_, i) => i % length == 0))
            DivergedException.ThrowIfNotFinite("loss", loss);
        return new StepMetrics
        {
            Loss = Mean(0),
            QMean = Mean(1),
            QVariation = Mean(2),
            QHistogram = ContrastiveDiagnostics.SharesOf(_histogram),
            Alignment = Mean(3),
            Uniformity = Mean(4),
            EffectiveRank = _grams.Length == 0 ? double.NaN : _grams.Average(gram => ContrastiveDiagnostics.EffectiveRankOf(gram).item<double>()),
            PositiveSimilarity = Mean(5),
            NegativeSimilarity = Mean(6),
            FeatureDeviation = _deviation.item<float>() * _featureLength,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ForgetRank();
        foreach (Tensor tensor in new[] { _figures, _histogram, _deviation, _usable }.Concat(_unchecked.Select(rows => rows.Largest)))
            tensor.Dispose();
    }

    /// <summary>Standard deviation over the batch of features scaled to length 1: the mean over their F dimensions, times √F.</summary>
    /// <param name="features"><c>[V, F]</c>.</param>
    /// <returns>In [0, 1]: 0 when all images have the same features, near 1 when they point everywhere.</returns>
    /// <remarks>Source: Chen and He, arXiv 2011.10566, section 4.1.</remarks>
    public static double FeatureDeviation(Tensor features)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return MeanDeviation(features).item<float>() * Math.Sqrt(features.shape[1]);
    }

    private static Tensor MeanDeviation(Tensor features) =>
        nn.functional.normalize(features.to_type(ScalarType.Float32), dim: 1).std(0, unbiased: false).mean();

    // Belongs to this object, and to no scope.
    private static Tensor Kept(Tensor tensor) => tensor.DetachFromDisposeScope();
}
