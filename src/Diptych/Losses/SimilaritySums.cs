using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>Mean similarity between anchors and negatives from sums of rows, Σᵢⱼ aᵢ·bⱼ = (Σᵢ aᵢ)·(Σⱼ bⱼ): no matrix of similarities is needed.</summary>
internal static class SimilaritySums
{
    /// <param name="both">Both views, view-major, <c>[2N, D]</c>.</param>
    /// <param name="positive">Similarity of each image's two views, <c>[N]</c>.</param>
    public static Tensor MeanOfOtherImages(Tensor both, Tensor positive)
    {
        using var gradients = no_grad();
        double images = positive.shape[0];
        Tensor sum = both.sum(dim: 0);                                                  // [D]
        return (sum.dot(sum) - both.flatten().dot(both.flatten()) - positive.sum().Times(2)).Over(4 * images * (images - 1));
    }

    /// <param name="anchors"><c>[N, D]</c></param>
    /// <param name="queue"><c>[K, D]</c></param>
    /// <param name="leftOut">Pairs that do not count.</param>
    public static Tensor MeanOfQueue(Tensor anchors, Tensor queue, IReadOnlyList<(int Anchor, int Queued)> leftOut)
    {
        using var gradients = no_grad();
        Tensor mean = anchors.mean([0]).dot(queue.mean([0]));
        if (leftOut.Count == 0)
            return mean;
        double pairs = (double)anchors.shape[0] * queue.shape[0];
        Tensor own = anchors.index_select(0, DeviceCopy.Send([.. leftOut.Select(p => (long)p.Anchor)], anchors.device));
        Tensor other = queue.index_select(0, DeviceCopy.Send([.. leftOut.Select(p => (long)p.Queued)], anchors.device));
        return (mean.Times(pairs) - (own * other).sum()).Over(pairs - leftOut.Count);
    }

    /// <param name="anchors"><c>[N, D]</c></param>
    /// <param name="candidates"><c>[N, D]</c></param>
    /// <param name="positive">Similarity of the rows that stand at the same place, <c>[N]</c>.</param>
    public static Tensor MeanOfOtherRows(Tensor anchors, Tensor candidates, Tensor positive)
    {
        using var gradients = no_grad();
        double images = positive.shape[0];
        return (anchors.sum(dim: 0).dot(candidates.sum(dim: 0)) - positive.sum()).Over(images * (images - 1));
    }
}
