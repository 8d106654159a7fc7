using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>How well images of the same class are found by similarity alone.</summary>
/// <param name="MeanAveragePrecision">Mean over the queries of the average precision of the whole ranking.</param>
/// <param name="Recall">By k: the share of queries with an image of their class among the first k.</param>
/// <param name="Queries">Queries whose class occurs in the bank; the others are left out.</param>
public sealed record RetrievalMetrics(double MeanAveragePrecision, IReadOnlyDictionary<int, double> Recall, int Queries)
{
    private const int TileValues = 1 << 22;

    /// <summary>Ranks the whole bank for every query, by cosine similarity.</summary>
    /// <param name="bank">Features to search, <c>[M, F]</c>.</param>
    /// <param name="bankLabels">Their labels.</param>
    /// <param name="queries">Features to search for, <c>[Q, F]</c>.</param>
    /// <param name="queryLabels">Their labels.</param>
    /// <param name="ks">The k of <see cref="Recall"/>.</param>
    /// <exception cref="ArgumentException">Shapes or labels do not fit, a feature is not finite, or no query's class occurs in the bank.</exception>
    public static RetrievalMetrics Of(Tensor bank, IReadOnlyList<int> bankLabels, Tensor queries, IReadOnlyList<int> queryLabels, params IReadOnlyList<int> ks)
    {
        ArgumentNullException.ThrowIfNull(bank);
        ArgumentNullException.ThrowIfNull(queries);
        if (bank.dim() != 2 || queries.dim() != 2 || bank.shape[1] != queries.shape[1])
            throw new ArgumentException($"Bank and queries need the shapes [M, F] and [Q, F], but they are [{string.Join(", ", bank.shape)}] and [{string.Join(", ", queries.shape)}].");
        FeatureRows.RequireLabels(bankLabels, bank.shape[0], classes: null, "bank");
        FeatureRows.RequireLabels(queryLabels, queries.shape[0], classes: null, "queries");
        FeatureRows.RequireFinite(bank, "bank");
        FeatureRows.RequireFinite(queries, "queries");
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor columns = nn.functional.normalize(bank.to(ScalarType.Float32)).t();               // [F, M]
        Tensor columnLabels = DeviceCopy.Send(tensor(bankLabels.ToArray()), bank.device);
        Tensor ranks = Arithmetic.Range(1, bank.shape[0] + 1, ScalarType.Float64, bank.device);
        double precision = 0;
        var found = ks.ToDictionary(k => k, _ => 0L);
        int counted = 0, step = (int)Math.Max(1, TileValues / bank.shape[0]);
        for (int start = 0; start < queryLabels.Count; start += step)
        {
            using var tileScope = NewDisposeScope();
            int length = Math.Min(step, queryLabels.Count - start);
            Tensor rows = nn.functional.normalize(queries.narrow(0, start, length).to(ScalarType.Float32));
            Tensor rowLabels = DeviceCopy.Send(tensor(queryLabels.Skip(start).Take(length).ToArray()), bank.device);
            Tensor order = rows.mm(columns).argsort(dim: 1, descending: true);                   // [T, M]
            Tensor isHit = columnLabels[order].eq(rowLabels.unsqueeze(1)).to(ScalarType.Float64); // [T, M]
            Tensor hits = isHit.sum(dim: 1), known = hits.IsAbove(0);
            Tensor average = (isHit.cumsum(1) / ranks * isHit).sum(dim: 1) / hits.AtLeast(1);  // 0 where unknown
            precision += average.sum().item<double>();
            counted += (int)known.sum().item<long>();
            foreach (int k in ks)
                found[k] += isHit.narrow(1, 0, Math.Min(k, bank.shape[0])).amax([1L]).IsAbove(0).sum().item<long>();
        }
        if (counted == 0)
            throw new ArgumentException("No query has a label that occurs in the bank.");
        return new RetrievalMetrics(precision / counted, found.ToDictionary(f => f.Key, f => (double)f.Value / counted), counted);
    }
}
