using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>Follows the least similar candidate of each anchor: the one it keeps where a ceiling leaves out all.</summary>
internal sealed class LeastSimilar(Tensor anchors)
{
    private readonly Tensor _smallest = anchors.new_empty(anchors.shape[0]).Fill_(double.PositiveInfinity);     // [A]
    private readonly Tensor _number = zeros(anchors.shape[0], ScalarType.Int64, anchors.device);                // [A]

    /// <summary>Which anchors kept only their least similar candidate, <c>[A]</c>, and the number of that candidate, <c>[A]</c>.</summary>
    public Tensor[] Found { get; private set; } = [];

    /// <param name="tile">Exponents; −∞ where a pair stays out anyway.</param>
    /// <param name="row">Number of the first anchor.</param>
    /// <param name="column">Number of the first candidate.</param>
    public void Add(Tensor tile, long row, long column)
    {
        using var scope = NewDisposeScope();
        (Tensor values, Tensor numbers) = tile.Masked(tile.isneginf(), double.PositiveInfinity).min(1);    // [R]
        Tensor smallest = _smallest.narrow(0, row, values.shape[0]), number = _number.narrow(0, row, values.shape[0]);
        Tensor isSmaller = values < smallest;
        number.copy_(where(isSmaller, numbers.Plus(column), number));
        smallest.copy_(where(isSmaller, values, smallest));
    }

    /// <summary>Gives the anchors without a candidate their least similar one.</summary>
    public void Replace(List<Tensor> logSums, double[] ratios, Tensor? counts)
    {
        Tensor isWithout = logSums[0].isneginf();                                       // [A]
        for (int k = 0; k < ratios.Length; k++)
            logSums[k].copy_(where(isWithout, _smallest.Times(ratios[k]), logSums[k]));
        counts?.Masked_(isWithout, 1);
        Found = [isWithout, _number];
    }

    /// <summary>Adds the gradient of the replaced log-sums: each is one exponent.</summary>
    public static void AddGradient(Tensor isWithout, Tensor number, Tensor[] slopes, Tensor anchors, Tensor candidates, Tensor? ofAnchors, Tensor? ofCandidates)
    {
        Tensor slope = slopes[0];
        foreach (Tensor further in slopes.Skip(1))
            slope = slope.Plus(further);
        slope = slope * isWithout.unsqueeze(1);                                         // [A, 1]
        ofAnchors?.Plus_(slope * candidates.index_select(0, number));
        ofCandidates?.index_add_(0, number, slope * anchors, Arithmetic.One);
    }
}
