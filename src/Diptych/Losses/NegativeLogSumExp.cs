using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>log Σ e^{similarity / temperature} over each anchor's negatives: the only part of a loss whose cost grows with the square of the batch.</summary>
/// <remarks>
/// Holds one matrix of all similarities. A tiled form needs only to return the same vectors, differentiable:
/// each loss is built from them by operations on single anchors.
/// </remarks>
internal static class NegativeLogSumExp
{
    /// <summary>Over both views of every other image.</summary>
    /// <param name="both">Unit rows of both views, view-major, <c>[2N, D]</c>.</param>
    /// <param name="temperature">Divides similarities.</param>
    /// <returns><c>[2N]</c></returns>
    public static Tensor OfOtherImages(Tensor both, double temperature)
    {
        long images = both.shape[0] / 2;
        return Of(both, both, temperature, excludedDiagonals: [0, images, -images]);
    }

    /// <summary>Over every row of a queue.</summary>
    /// <param name="anchors">Unit rows, <c>[N, D]</c>.</param>
    /// <param name="queue">Unit rows, <c>[K, D]</c>.</param>
    /// <param name="temperature">Divides similarities.</param>
    /// <returns><c>[N]</c></returns>
    public static Tensor OfQueue(Tensor anchors, Tensor queue, double temperature) =>
        Of(anchors, queue, temperature, excludedDiagonals: []);

    /// <summary>Over the rows of <paramref name="candidates"/> except the anchor's own.</summary>
    /// <param name="anchors">Unit rows, <c>[N, D]</c>.</param>
    /// <param name="candidates">Unit rows, <c>[N, D]</c>.</param>
    /// <param name="temperature">Divides similarities.</param>
    /// <returns><c>[N]</c></returns>
    public static Tensor OfOtherRows(Tensor anchors, Tensor candidates, double temperature) =>
        Of(anchors, candidates, temperature, excludedDiagonals: [0]);

    private static Tensor Of(Tensor anchors, Tensor candidates, double temperature, ReadOnlySpan<long> excludedDiagonals)
    {
        Tensor logits = mm(anchors / temperature, candidates.t());                      // [A, C]
        // −∞ is exact at any temperature. Autograd need not know: the log-sum-exp's own gradient is exactly 0 there,
        // so no mask is kept and no pass over the matrix is added.
        using Tensor entries = logits.detach();
        foreach (long offset in excludedDiagonals)
        {
            using Tensor diagonal = entries.diagonal(offset, 0, 1);
            diagonal.fill_(double.NegativeInfinity);
        }
        return logits.logsumexp(1);
    }
}
