using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>Sorts features into k groups around k centres.</summary>
/// <remarks>Lloyd's iterations from k-means++ starts (Arthur and Vassilvitskii, SODA 2007); of several starts the tightest is kept. On a CPU a pure function of features and seed.</remarks>
public static class KMeans
{
    private const int Starts = 10, MaximumIterations = 100, Stream = 1_000_004;

    /// <summary>Groups the rows.</summary>
    /// <param name="features"><c>[M, F]</c>; compared as they are, by squared distance.</param>
    /// <param name="k">How many groups; from 1 to M.</param>
    /// <param name="seed">Where the starts are drawn from.</param>
    /// <returns>Each row's group in [0, k), and the mean squared distance to the centres.</returns>
    /// <exception cref="ArgumentException">k is not usable, or a feature is not finite.</exception>
    public static (int[] Groups, double Spread) Group(Tensor features, int k, long seed)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (k < 1 || k > features.shape[0])
            throw new ArgumentException($"k must be from 1 to the number of features ({features.shape[0]}), but it is {k}.");
        FeatureRows.RequireFinite(features, "features");
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor rows = features.to(ScalarType.Float32), squares = rows.Squared().sum(dim: 1); // [M]
        return Enumerable.Range(0, Starts).Select(start => Improve(rows, squares, Start(rows, squares, k, seed, start))).MinBy(r => r.Spread);
    }

    // Each further centre is a row drawn in proportion to its squared distance from the centres so far.
    private static Tensor Start(Tensor rows, Tensor squares, int k, long seed, int start)
    {
        using var scope = NewDisposeScope();
        var random = new CounterRandom(seed, epoch: start, view: Stream);
        int count = (int)rows.shape[0];
        var chosen = new List<long> { random.NextInt32(count) };
        double[] nearest = Distances(chosen[0]);
        while (chosen.Count < k)
        {
            double target = random.NextDouble() * nearest.Sum();
            int next = 0;
            for (; next < count - 1 && target >= nearest[next]; next++)
                target -= nearest[next];
            chosen.Add(next);
            double[] distances = Distances(next);
            for (int i = 0; i < count; i++)
                nearest[i] = Math.Min(nearest[i], distances[i]);
        }
        return rows[DeviceCopy.Send([.. chosen], rows.device)].MoveToOuterDisposeScope(); // [k, F]

        double[] Distances(long row)
        {
            using var inner = NewDisposeScope();
            return (squares.Plus(squares[row]) - rows.mv(rows[row]).Times(2)).AtLeast(0).to(ScalarType.Float64).cpu().data<double>().ToArray();
        }
    }

    private static (int[] Groups, double Spread) Improve(Tensor rows, Tensor squares, Tensor centres)
    {
        using var scope = NewDisposeScope();
        long[] groups = [];
        double spread = double.PositiveInfinity;
        for (int iteration = 0; iteration < MaximumIterations; iteration++)
        {
            using var inner = NewDisposeScope();
            var (distance, group) = (centres.Squared().sum(dim: 1) - rows.mm(centres.t()).Times(2)).min(1); // [M]
            spread = distance.Plus(squares).AtLeast(0).to(ScalarType.Float64).mean().item<double>();
            long[] now = group.cpu().data<long>().ToArray();
            if (now.AsSpan().SequenceEqual(groups))
                break;
            groups = now;
            Tensor sizes = zeros([centres.shape[0]], device: rows.device).index_add_(0, group, ones([rows.shape[0]], device: rows.device), Arithmetic.One).unsqueeze(1);
            Tensor sums = zeros_like(centres).index_add_(0, group, rows, Arithmetic.One);
            centres = where(sizes.IsAbove(0), sums / sizes.AtLeast(1), centres).MoveToOuterDisposeScope(); // an empty group keeps its centre
        }
        return (groups.Select(g => (int)g).ToArray(), spread);
    }
}
