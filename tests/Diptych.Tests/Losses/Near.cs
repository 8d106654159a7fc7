namespace Diptych.Tests.Losses;

/// <summary>Equality of numbers up to a stated error.</summary>
internal static class Near
{
    /// <summary>|actual − expected| ≤ tolerance · max(|expected|, floor), number by number.</summary>
    public static void Equal(IReadOnlyList<double> expected, IReadOnlyList<double> actual, double tolerance, double floor = 1)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++)
        {
            double error = Math.Abs(actual[i] - expected[i]);
            // Not "error > …": a NaN must fail.
            if (!(error <= tolerance * Math.Max(Math.Abs(expected[i]), floor)))
                Assert.Fail($"Number {i + 1} of {expected.Count} is {actual[i]:R}, expected {expected[i]:R}: off by {error:E2}.");
        }
    }

    public static void Equal(double expected, double actual, double tolerance, double floor = 1) => Equal([expected], [actual], tolerance, floor);
}
