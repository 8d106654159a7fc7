using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Figures of a batch that the loss does not know.</summary>
internal static class BatchFigures
{
    private const int Bins = 10;

    /// <summary>Standard deviation over the batch of features scaled to length 1: the mean over their F dimensions, times √F.</summary>
    /// <param name="features"><c>[V, F]</c>.</param>
    /// <returns>In [0, 1]: 0 when all images have the same features, near 1 when they point everywhere.</returns>
    /// <remarks>Source: Chen and He, arXiv 2011.10566, section 4.1.</remarks>
    public static double FeatureDeviation(Tensor features)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor rows = nn.functional.normalize(features.to_type(ScalarType.Float32), dim: 1);
        return rows.std(0, unbiased: false).mean().item<float>() * Math.Sqrt(features.shape[1]);
    }

    /// <summary>How values in [0, 1] are spread over ten equal bins.</summary>
    /// <param name="values">Any shape.</param>
    /// <returns>Shares, from the lowest bin to the highest; their sum is 1.</returns>
    public static double[] Histogram(Tensor values)
    {
        using var scope = NewDisposeScope();
        long[] bins = (values.to_type(ScalarType.Float32).cpu() * Bins).floor().clamp(0, Bins - 1).to_type(ScalarType.Int64).data<long>().ToArray();
        var shares = new double[Bins];
        foreach (long bin in bins)
            shares[bin] += 1.0 / bins.Length;
        return shares;
    }
}
