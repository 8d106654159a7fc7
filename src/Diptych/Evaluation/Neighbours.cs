using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>The most similar images of a bank for every query: found once, voted on with any k and temperature. Belongs to the dispose scope it was made in; outside of one, dispose it.</summary>
/// <remarks>Cosine similarity; exact search in tiles: beside the features there are the queries scaled to length 1, 65,536 features of the bank, and up to 160 MiB.</remarks>
public sealed class Neighbours : IDisposable
{
    private const int BankTile = 1 << 16, TileValues = 1 << 24, GroupSize = 64;

    private readonly long _rows; // of the bank

    private Neighbours(Tensor similarity, Tensor index, long rows) => (Similarity, Index, _rows) = (similarity, index, rows);

    /// <summary>Similarities, <c>[Q, k]</c>, float32, falling along a row.</summary>
    public Tensor Similarity { get; }

    /// <summary>Which images of the bank, <c>[Q, k]</c>, int64.</summary>
    public Tensor Index { get; }

    /// <summary>Finds the k most similar.</summary>
    /// <param name="bank">Features to search, <c>[M, F]</c>.</param>
    /// <param name="queries">Features to search for, <c>[Q, F]</c>.</param>
    /// <param name="k">How many; from 1 to M.</param>
    /// <exception cref="ArgumentException">The shapes or k are not usable, or a feature is not finite.</exception>
    public static Neighbours Find(Tensor bank, Tensor queries, int k)
    {
        Check(bank, queries, k);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor rows = nn.functional.normalize(queries.to(ScalarType.Float32));
        Tensor? similarity = null, index = null; // [Q, k]
        for (long start = 0; start < bank.shape[0]; start += BankTile)
        {
            using var tileScope = NewDisposeScope();
            Tensor tile = nn.functional.normalize(bank.narrow(0, start, Math.Min(BankTile, bank.shape[0] - start)).to(ScalarType.Float32)).t(); // [F, B]
            var (nearest, at) = FindInTile(tile, rows, (int)Math.Min(k, tile.shape[1]));
            at = at.Plus(start);
            if (similarity is not null)
            {
                Tensor both = cat([similarity, nearest], dim: 1);
                (nearest, Tensor order) = both.topk((int)Math.Min(k, both.shape[1]), dim: 1);
                at = cat([index!, at], dim: 1).gather(1, order);
            }
            similarity = nearest.MoveToOuterDisposeScope();
            index = at.MoveToOuterDisposeScope();
        }
        return new Neighbours(similarity!.MoveToOuterDisposeScope(), index!.MoveToOuterDisposeScope(), bank.shape[0]);
    }

    /// <summary>Lets the nearest vote: each for its own label, with weight exp(similarity / temperature).</summary>
    /// <param name="labels">Labels of the bank, each in [0, <paramref name="classes"/>).</param>
    /// <param name="classes">How many classes there are.</param>
    /// <param name="k">How many vote; at most as many as were found.</param>
    /// <param name="temperature">How quickly a vote's weight falls with the similarity; > 0.</param>
    /// <returns>Each class's share of the votes, <c>[Q, classes]</c>, float32; a row sums to 1.</returns>
    /// <exception cref="ArgumentException">Labels, k or temperature are not usable.</exception>
    /// <remarks>Source: Wu et al., arXiv 1805.01978, section 3.4.</remarks>
    public Tensor Vote(IReadOnlyList<int> labels, int classes, int k, double temperature)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (k < 1 || k > Index.shape[1])
            throw new ArgumentException($"k must be from 1 to the number of neighbours found ({Index.shape[1]}), but it is {k}.");
        if (!(temperature > 0 && double.IsFinite(temperature)))
            throw new ArgumentException($"The temperature must be above 0, but it is {temperature}.");
        FeatureRows.RequireLabels(labels, _rows, classes, "bank");
        using var scope = NewDisposeScope();
        Tensor similarity = Similarity.narrow(1, 0, k);
        // Subtracting the largest similarity scales all weights of a row alike, and keeps exp finite.
        Tensor weights = (similarity - similarity.narrow(1, 0, 1)).Over(temperature).exp();
        Tensor voted = DeviceCopy.Send([.. labels.Select(l => (long)l)], Index.device)[Index.narrow(1, 0, k)]; // [Q, k]
        Tensor votes = zeros([Index.shape[0], classes], device: Index.device).scatter_add_(1, voted, weights);
        return votes.div_(votes.sum(dim: 1, keepdim: true)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Similarity.Dispose();
        Index.Dispose();
    }

    private static (Tensor Similarity, Tensor Index) FindInTile(Tensor tile, Tensor rows, int k)
    {
        long step = Math.Max(1, TileValues / tile.shape[1]), count = rows.shape[0];
        Tensor similarity = empty([count, k], device: rows.device), index = empty([count, k], dtype: ScalarType.Int64, device: rows.device);
        Tensor products = empty([Math.Min(step, count), tile.shape[1]], device: rows.device); // memory for each step in turn
        for (long start = 0; start < count; start += step)
        {
            using var scope = NewDisposeScope();
            long length = Math.Min(step, count - start);
            var (nearest, at) = Largest(products.narrow(0, 0, length).addmm_(rows.narrow(0, start, length), tile, beta: 0, alpha: 1), k);
            similarity.narrow(0, start, length).copy_(nearest);
            index.narrow(0, start, length).copy_(at);
        }
        return (similarity, index);
    }

    // The k largest of a row lie in the k groups whose largest are the largest: sorting looks at those only.
    private static (Tensor Values, Tensor Index) Largest(Tensor values, int k)
    {
        long groups = values.shape[1] / GroupSize, whole = groups * GroupSize;
        if (groups < 4 * k)
            return values.topk(k, dim: 1);
        Tensor grouped = values.narrow(1, 0, whole).view(values.shape[0], GroupSize, groups); // a group has every so-many-th column
        Tensor chosen = grouped.amax([1]).topk(k, dim: 1, sorted: false).indexes;               // [Q, k]
        using Scalar apart = groups.ToScalar();
        Tensor columns = chosen.unsqueeze(1).Plus(Arithmetic.Range(0, GroupSize, ScalarType.Int64, values.device).mul(apart).unsqueeze(1)).flatten(1);
        if (whole < values.shape[1])
            columns = cat([columns, Arithmetic.Range(whole, values.shape[1], ScalarType.Int64, values.device).expand(values.shape[0], -1)], dim: 1);
        var (nearest, at) = values.gather(1, columns).topk(k, dim: 1);
        return (nearest, columns.gather(1, at));
    }

    private static void Check(Tensor bank, Tensor queries, int k)
    {
        ArgumentNullException.ThrowIfNull(bank);
        ArgumentNullException.ThrowIfNull(queries);
        if (bank.dim() != 2 || queries.dim() != 2 || bank.shape[1] != queries.shape[1])
            throw new ArgumentException($"Bank and queries need the shapes [M, F] and [Q, F], but they are [{string.Join(", ", bank.shape)}] and [{string.Join(", ", queries.shape)}].");
        if (k < 1 || k > bank.shape[0])
            throw new ArgumentException($"k must be from 1 to the number of labelled images ({bank.shape[0]}), but it is {k}.");
        FeatureRows.RequireFinite(bank, "bank");
        FeatureRows.RequireFinite(queries, "queries");
    }
}
