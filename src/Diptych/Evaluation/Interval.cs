namespace Diptych.Evaluation;

/// <summary>A 95 % interval of the figure over all images of the kind that the test images were drawn from.</summary>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public sealed record Interval(double Low, double High)
{
    private const double Quantile = 1.959963984540054;

    /// <summary>The interval of a share.</summary>
    /// <param name="right">How many were right.</param>
    /// <param name="count">Of how many, ≥ 1.</param>
    /// <remarks>Source: Wilson, Journal of the American Statistical Association 22 (1927).</remarks>
    public static Interval OfShare(int right, int count)
    {
        double share = (double)right / count, square = Quantile * Quantile / count;
        double centre = (share + square / 2) / (1 + square);
        double half = Quantile * Math.Sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square);
        return new Interval(right == 0 ? 0 : centre - half, right == count ? 1 : centre + half);
    }

    /// <summary>The middle 95 % of figures of resampled test sets.</summary>
    internal static Interval OfSamples(double[] figures)
    {
        Array.Sort(figures);
        return new Interval(At(0.025), At(0.975));

        double At(double share)
        {
            double position = share * (figures.Length - 1);
            int below = (int)position;
            return figures[below] + (position - below) * (figures[Math.Min(below + 1, figures.Length - 1)] - figures[below]);
        }
    }
}
