using Diptych.Losses;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>How features fill their space, without labels.</summary>
/// <param name="EffectiveRank">How many directions they use: the exponential of the entropy of the shares of the eigenvalues of their Gram matrix, each scaled to length 1; from 1 to F. The same figure as in <c>metrics.jsonl</c>.</param>
/// <param name="Uniformity">Log of the mean of exp(−2 d²) over all pairs of features scaled to length 1 (of more than 20,000 features, of 20,000 evenly spaced ones); 0 is collapse, lower is more spread out.</param>
/// <remarks>Sources: Roy and Vetterli, EUSIPCO 2007; Wang and Isola, arXiv 2005.10242.</remarks>
public sealed record FeatureSpread(double EffectiveRank, double Uniformity)
{
    private const long Entries = 1 << 24, Block = 8192, MostRows = 20_000;

    /// <summary>Measures features.</summary>
    /// <param name="features"><c>[M, F]</c>, M ≥ 2.</param>
    /// <exception cref="ArgumentException">There are fewer than two, or one is not finite.</exception>
    public static FeatureSpread Of(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (features.shape[0] < 2)
            throw new ArgumentException($"At least two features are needed, but there is {features.shape[0]}.");
        FeatureRows.RequireFinite(features, "features");
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor rows = nn.functional.normalize(features.to(ScalarType.Float32));
        return new FeatureSpread(
            ContrastiveDiagnostics.EffectiveRankOf(GramOf(rows)).item<double>(),
            ContrastiveDiagnostics.UniformityOf(Some(rows).unsqueeze(0), Entries).to(ScalarType.Float64).item<double>());
    }

    // In float64, some rows at a time where there are many.
    private static Tensor GramOf(Tensor rows)
    {
        if (rows.shape[0] <= Math.Max(Block, rows.shape[1]))
            return ContrastiveDiagnostics.GramOf(rows.to(ScalarType.Float64));
        Tensor sum = zeros([rows.shape[1], rows.shape[1]], ScalarType.Float64, rows.device);
        for (long start = 0; start < rows.shape[0]; start += Block)
        {
            using var scope = NewDisposeScope();
            Tensor block = rows.narrow(0, start, Math.Min(Block, rows.shape[0] - start)).to(ScalarType.Float64);
            sum.addmm_(block.t(), block);
        }
        return sum;
    }

    private static Tensor Some(Tensor rows) => rows.shape[0] <= MostRows ? rows
        : rows.index_select(0, DeviceCopy.Send([.. Enumerable.Range(0, (int)MostRows).Select(i => i * rows.shape[0] / MostRows)], rows.device));
}
