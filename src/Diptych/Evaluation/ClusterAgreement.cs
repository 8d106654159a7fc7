namespace Diptych.Evaluation;

/// <summary>How far two ways of sorting the same images into groups agree, whatever the groups are called.</summary>
/// <param name="NormalizedMutualInformation">In [0, 1]; mutual information over the arithmetic mean of both entropies.</param>
/// <param name="AdjustedRandIndex">1 for equal groups, about 0 for chance.</param>
/// <remarks>Sources: Vinh, Epps, Bailey, JMLR 11 (2010); Hubert and Arabie, Journal of Classification 2 (1985).</remarks>
public sealed record ClusterAgreement(double NormalizedMutualInformation, double AdjustedRandIndex)
{
    /// <summary>Compares two groupings.</summary>
    /// <param name="first">Group of each image.</param>
    /// <param name="second">Group of each image in the other grouping, as many.</param>
    /// <exception cref="ArgumentException">The lengths differ, or there is no image.</exception>
    public static ClusterAgreement Of(IReadOnlyList<int> first, IReadOnlyList<int> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count || first.Count == 0)
            throw new ArgumentException($"Both groupings need the same images, and at least one, but they have {first.Count} and {second.Count}.");
        double count = first.Count;
        int[] both = first.Zip(second).CountBy(p => p).Select(g => g.Value).ToArray();
        int[] rows = first.CountBy(g => g).Select(g => g.Value).ToArray(), columns = second.CountBy(g => g).Select(g => g.Value).ToArray();

        double Entropy(int[] sizes) => -sizes.Sum(s => s / count * Math.Log(s / count));
        double mean = (Entropy(rows) + Entropy(columns)) / 2;
        double information = Entropy(rows) + Entropy(columns) - Entropy(both);

        static double Pairs(double n) => n * (n - 1) / 2;
        double inRows = rows.Sum(r => Pairs(r)), inColumns = columns.Sum(c => Pairs(c)), inBoth = both.Sum(b => Pairs(b));
        double expected = count > 1 ? inRows * inColumns / Pairs(count) : 0, largest = (inRows + inColumns) / 2;
        // Where both groupings are one group, or all single images, they are equal: agreement is 1 by definition.
        return new ClusterAgreement(
            mean == 0 ? 1 : Math.Clamp(information / mean, 0, 1),
            largest == expected ? 1 : (inBoth - expected) / (largest - expected));
    }
}
