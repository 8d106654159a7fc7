using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>How a batch of embeddings stands, whatever the loss. A number is computed, and the device waited for, when it is first read; later reads are free.</summary>
/// <remarks>
/// Read before the dispose scope of the loss ends. On a device other than the CPU the first read also checks the embeddings' values:
/// zero or non-finite rows raise <see cref="ArgumentException"/> here, because checking at every step would make it wait.
/// </remarks>
public sealed class ContrastiveDiagnostics : IDisposable
{
    private const int HistogramBins = 10;
    private const long UniformityEntries = 1 << 18;

    // Held, see Arithmetic.
    private static readonly Scalar Zero = 0.ToScalar(), Highest = (HistogramBins - 1).ToScalar(), Scale = HistogramBins.ToScalar();

    private readonly Tensor _anchors, _positives, _negativeSimilarity;
    private readonly IReadOnlyList<UnitRows> _unchecked;
    private readonly Lazy<double> _qMean, _qVariation, _alignment, _uniformity, _effectiveRank, _dimensionSpread, _meanPositive, _meanNegative;
    private readonly Lazy<IReadOnlyList<double>> _qHistogram;

    internal ContrastiveDiagnostics(Tensor q, Tensor anchors, Tensor positives, Tensor negativeSimilarity, IReadOnlyList<UnitRows> notYetChecked)
    {
        (Q, _anchors, _positives, _negativeSimilarity) = (q, anchors, positives, negativeSimilarity);
        _unchecked = [.. notYetChecked.Select(rows => rows with { Largest = rows.Largest.detach() })];
        _qMean = Number(() => Q.mean());
        _qVariation = Number(() => VariationOf(Q.unsqueeze(0)));
        _alignment = Number(() => AlignmentOf(_anchors.unsqueeze(0), _positives.unsqueeze(0)));
        _uniformity = Number(() => UniformityOf(_anchors.unsqueeze(0), _positives.unsqueeze(0)));
        _effectiveRank = Number(() => EffectiveRankOf(GramOf(cat([_anchors, _positives], dim: 0))));
        _dimensionSpread = Number(() => _anchors.std(0, unbiased: false).Plus(_positives.std(0, unbiased: false)).mean().Over(2));
        _qHistogram = new(() => Computed<IReadOnlyList<double>>(() => SharesOf(HistogramOf(Q.unsqueeze(0)).cpu().data<long>().ToArray())));
        _meanPositive = Number(() => SimilarityOf(_anchors.unsqueeze(0), _positives.unsqueeze(0)));
        _meanNegative = Number(() => _negativeSimilarity);
    }

    /// <summary>Mean over the anchors of q = 1 − p⁺, where p⁺ is the positive's share of the InfoNCE denominator; in [0, 1].</summary>
    /// <remarks>
    /// The paper's negative-positive-coupling multiplier: the gradient of InfoNCE is q times that of the decoupled loss, anchor by anchor, where
    /// an anchor has one positive. With labels it has several; q then is the negatives' share of the denominator and no such factor.
    /// Near 1, both losses learn alike; near 0, InfoNCE hardly learns. Source: arXiv 2110.06848v3, section 3.1.
    /// </remarks>
    public double QMean => _qMean.Value;

    /// <summary>Coefficient of variation of q: its standard deviation over the anchors, divided by its mean.</summary>
    public double QVariation => _qVariation.Value;

    /// <summary>Share of the anchors whose q lies in [0, 0.1), [0.1, 0.2), … [0.9, 1]: ten numbers whose sum is 1.</summary>
    public IReadOnlyList<double> QHistogram => _qHistogram.Value;

    /// <summary>Mean squared distance between an anchor and its positive, in [0, 4]; 0 when the views agree.</summary>
    /// <remarks>Source: Wang and Isola, arXiv 2005.10242.</remarks>
    public double Alignment => _alignment.Value;

    /// <summary>log of the mean of exp(−2·squared distance) over pairs of images within a view, averaged over the views; ≤ 0, lower is more even. NaN for one image.</summary>
    /// <remarks>Source: Wang and Isola, arXiv 2005.10242. Takes a product of N × N similarities.</remarks>
    public double Uniformity => _uniformity.Value;

    /// <summary>How many directions the embeddings of both views use, in [1, D]; 1 when all have collapsed into one.</summary>
    /// <remarks>
    /// exp of the entropy of the eigenvalues, divided by their sum, of the embeddings' D × D Gram matrix (not centered); after Roy and Vetterli, "The Effective Rank", 2007.
    /// The only costly number beside <see cref="Uniformity"/>: it grows with D³, so read it every so many steps where D is large.
    /// </remarks>
    public double EffectiveRank => _effectiveRank.Value;

    /// <summary>Standard deviation over a view's images of each dimension of the unit embeddings, averaged over dimensions and views; in [0, 1/√D]. 0 when all have collapsed into one point.</summary>
    /// <remarks>Source: Chen and He, arXiv 2011.10566, section 4.1.</remarks>
    public double DimensionSpread => _dimensionSpread.Value;

    /// <summary>Mean similarity of anchors and their positives, in [−1, 1].</summary>
    public double MeanPositiveSimilarity => _meanPositive.Value;

    /// <summary>Mean similarity of anchors and their negatives, in [−1, 1].</summary>
    public double MeanNegativeSimilarity => _meanNegative.Value;

    /// <summary>q of each anchor, view-major: <c>[2N]</c> or <c>[N]</c>.</summary>
    internal Tensor Q { get; }

    /// <summary>What the figures are computed from, of no dispose scope and without a graph.</summary>
    internal DiagnosticInputs KeepInputs() => new(Kept(Q), Kept(_anchors), Kept(_positives), Kept(_negativeSimilarity), [.. _unchecked.Select(rows => rows with { Largest = Kept(rows.Largest) })]);

    /// <summary>The smaller of the two Gram matrices: both have the same eigenvalues apart from zeros.</summary>
    internal static Tensor GramOf(Tensor rows) => rows.shape[0] < rows.shape[1] ? mm(rows, rows.t()) : mm(rows.t(), rows);

    /// <summary>How many values in [0, 1] of each row lie in each of ten equal bins: <c>[S, A]</c> → <c>[S, 10]</c>.</summary>
    internal static Tensor HistogramOf(Tensor values)
    {
        Tensor bins = values.mul(Scale).floor().clamp(Zero, Highest);
        return (bins.unsqueeze(1) == Arithmetic.Range(0, HistogramBins, values.dtype, values.device).unsqueeze(1)).sum(dim: 2);
    }

    /// <summary>Counts as shares, whose sum is 1.</summary>
    internal static double[] SharesOf(IReadOnlyList<long> counts)
    {
        double total = counts.Sum();
        return [.. counts.Select(count => count / total)];
    }

    /// <summary>The effective rank by a Gram matrix, on the CPU: a decomposition waits for the device anyway.</summary>
    internal static Tensor EffectiveRankOf(Tensor gram)
    {
        Tensor eigenvalues = linalg.eigvalsh(gram.cpu().to_type(ScalarType.Float64)).clamp_min(Zero);
        Tensor shares = eigenvalues / eigenvalues.sum();
        return shares.xlogy(shares).sum().neg().exp();
    }

    /// <summary>Frees the tensors; numbers already read stay readable.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in Tensors)
            tensor.Dispose();
    }

    internal void MoveToOuterDisposeScope()
    {
        foreach (Tensor tensor in Tensors)
            tensor.MoveToOuterDisposeScope();
    }

    private IEnumerable<Tensor> Tensors => [Q, _anchors, _positives, _negativeSimilarity, .. _unchecked.Select(rows => rows.Largest)];

    private Lazy<double> Number(Func<Tensor> compute) => new(() => Computed(() => compute().to_type(ScalarType.Float64).item<double>()));

    private T Computed<T>(Func<T> compute)
    {
        using var scope = NewDisposeScope();
        using var gradients = no_grad();
        UnitRows.Require(_unchecked);
        return compute();
    }

    /// <summary>Standard deviation of q over its mean, batch by batch: <c>[S, A]</c> → <c>[S]</c>.</summary>
    internal static Tensor VariationOf(Tensor q) => q.std(1, unbiased: false) / q.mean([1L]);

    /// <summary>Mean squared distance of rows that stand at the same place, batch by batch: <c>[S, N, D]</c> each → <c>[S]</c>.</summary>
    internal static Tensor AlignmentOf(Tensor anchors, Tensor positives) => (anchors - positives).Squared().sum(dim: 2).mean([1L]);

    /// <summary>Mean similarity of such rows: <c>[S, N, D]</c> each → <c>[S]</c>.</summary>
    internal static Tensor SimilarityOf(Tensor anchors, Tensor positives) => (anchors * positives).sum(dim: 2).mean([1L]);

    /// <summary>The mean of both views' uniformities: <c>[S, N, D]</c> each → <c>[S]</c>.</summary>
    internal static Tensor UniformityOf(Tensor anchors, Tensor positives) => UniformityOf(anchors).Plus(UniformityOf(positives)).Over(2);

    /// <summary>log of the mean of exp(−2·squared distance) over pairs of rows of a batch; a row's pair with itself does not count.</summary>
    /// <param name="rows">Of length 1, <c>[S, N, D]</c>.</param>
    /// <param name="entries">Similarities of a batch that are there at a time.</param>
    /// <returns><c>[S]</c></returns>
    internal static Tensor UniformityOf(Tensor rows, long entries = UniformityEntries)
    {
        long images = rows.shape[1], length = Math.Max(1, entries / images);
        Tensor squares = rows.Squared().sum(dim: 2).Times(2), turned = rows.transpose(1, 2); // [S, N]
        Tensor sums = rows.new_empty(rows.shape[0], images);
        for (long start = 0; start < images; start += length)
        {
            using var block = NewDisposeScope();
            long count = Math.Min(length, images - start);
            Tensor exponents = bmm(rows.narrow(1, start, count).Times(4), turned);      // [S, B, N]
            exponents.sub_(squares.narrow(1, start, count).unsqueeze(2)).sub_(squares.unsqueeze(1));
            exponents.diagonal(start, 1, 2).Fill_(double.NegativeInfinity);
            sums.narrow(1, start, count).copy_(exponents.logsumexp(2));
        }
        return sums.logsumexp(1).Minus(Math.Log(images * (images - 1.0)));
    }

    private static Tensor Kept(Tensor tensor) => tensor.detach().DetachFromDisposeScope();
}
