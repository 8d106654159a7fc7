namespace Diptych.Evaluation;

/// <summary>A figure over several draws or seeds.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Deviation">Standard deviation (n − 1); null for one value.</param>
/// <param name="Count">How many values.</param>
public sealed record Spread(double Mean, double? Deviation, int Count)
{
    /// <summary>Null where there is no value.</summary>
    internal static Spread? Of(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
            return null;
        double mean = values.Average();
        return new Spread(mean, values.Count > 1 ? Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1)) : null, values.Count);
    }
}
