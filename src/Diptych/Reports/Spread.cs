namespace Diptych.Reports;

/// <summary>A figure over several seeds.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Deviation">Standard deviation (n − 1); null for one value.</param>
/// <param name="Count">How many values.</param>
public sealed record Spread(double Mean, double? Deviation, int Count)
{
    /// <summary>Null where there is no value.</summary>
    internal static Spread? Of(double[] values)
    {
        if (values.Length == 0)
            return null;
        double mean = values.Average();
        return new Spread(mean, values.Length > 1 ? Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1)) : null, values.Length);
    }
}
