using Diptych.Losses;
using Diptych.Methods;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Adds the gradient of one batch to the parameters, at once or in chunks that need the memory of a few images only.</summary>
/// <remarks>
/// In chunks: embed everything without keeping activations, take the loss and its gradient for each embedding, then embed chunk by chunk
/// again, with activations, and pass those gradients on. The result is the gradient of the whole batch at the price of a second forward pass.
/// Source: Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup" (GradCache), arXiv 2101.06983.
/// Batch-norm normalizes each chunk by itself, so results equal those of one piece exactly only where it uses its running statistics;
/// while it trains, a chunk is what it calls a batch, and its running statistics move once a chunk, not twice.
/// </remarks>
internal static class BatchGradient
{
    /// <summary>Gradient, loss and what the method remembers.</summary>
    /// <param name="method">Its networks receive the gradient.</param>
    /// <param name="views">Normalized views, <c>[2N, C, H, W]</c>.</param>
    /// <param name="loss">Which loss.</param>
    /// <param name="share">What the gradient is multiplied with: one over the number of batches in a step.</param>
    /// <param name="chunk">Images in a chunk; null, or at least N, for all at once.</param>
    /// <param name="labels">The class of each image, or null to learn without.</param>
    /// <param name="isChecked">Whether the loss is looked at, for which its device must be waited for.</param>
    /// <exception cref="DivergedException">A loss is not finite; nothing was changed then.</exception>
    /// <returns>The losses of each direction and the encoder's features; they belong to the caller's scope.</returns>
    public static (IReadOnlyList<LossValue> Directions, Tensor Features) Add(IMethod method, Tensor views, ContrastiveLoss loss, double share, int? chunk, IReadOnlyList<int>? labels = null, bool isChecked = true)
    {
        if (chunk < views.shape[0] / 2)
            return AddInChunks(method, views, loss, share, chunk.Value, labels, isChecked);
        TrainedEmbeddings embedded = method.Embed(views);
        IReadOnlyList<Tensor> targets = method.EmbedTargets(views);
        IReadOnlyList<LossValue> directions = method.Compare(embedded.Rows, targets, loss, labels);
        if (isChecked)
            ThrowIfNotFinite(directions);
        Mean(directions, share).backward();
        method.Remember(embedded.Rows, targets);
        return (directions, embedded.Features);
    }

    private static (IReadOnlyList<LossValue> Directions, Tensor Features) AddInChunks(IMethod method, Tensor views, ContrastiveLoss loss, double share, int chunk, IReadOnlyList<int>? labels, bool isChecked)
    {
        long images = views.shape[0] / 2;
        (long First, long Count)[] parts = Split(images, chunk);
        Tensor ViewsOf((long First, long Count) part) => cat([views.narrow(0, part.First, part.Count), views.narrow(0, images + part.First, part.Count)], dim: 0);

        // Without activations: the rows of the whole batch, while statistics stay what they were.
        var (features, rows, targets) = EmbedAll(method, parts, ViewsOf);
        Tensor[] leaves = rows.Select(r => r.requires_grad_(true)).ToArray();
        IReadOnlyList<LossValue> directions = method.Compare(leaves, targets, loss, labels);
        if (isChecked)
            ThrowIfNotFinite(directions);
        Mean(directions, share).backward();
        Tensor?[] slopes = leaves.Select(leaf => leaf.grad).ToArray();

        foreach (var part in parts)
        {
            using var scope = NewDisposeScope();
            IReadOnlyList<Tensor> again = method.Embed(ViewsOf(part)).Rows;
            // The gradient of this sum is, row by row, the gradient of the loss.
            Tensor[] products = again.Zip(slopes).Where(r => r.Second is not null && r.First.requires_grad)
                .Select(r => (r.First * r.Second!.narrow(0, part.First, part.Count)).sum()).ToArray();
            stack(products).sum().backward();
        }
        method.Remember(leaves.Select(leaf => leaf.detach()).ToArray(), targets);
        return (directions, features);
    }

    private static (Tensor Features, Tensor[] Rows, Tensor[] Targets) EmbedAll(IMethod method, (long First, long Count)[] parts, Func<(long First, long Count), Tensor> viewsOf)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        // The second pass moves the statistics of the trained networks; those without gradients are run here only.
        var statistics = method.Networks.Where(n => n.Module.parameters().Any(p => p.requires_grad)).SelectMany(n => n.Module.buffers())
            .Select(buffer => (Buffer: buffer, Before: buffer.clone())).ToArray();
        var features = new List<Tensor>();
        var rows = new List<IReadOnlyList<Tensor>>();
        var targets = new List<IReadOnlyList<Tensor>>();
        foreach (var part in parts)
        {
            using var inner = NewDisposeScope();
            Tensor views = viewsOf(part);
            TrainedEmbeddings embedded = method.Embed(views);
            features.Add(embedded.Features.MoveToOuterDisposeScope());
            rows.Add(embedded.Rows.Select(r => r.MoveToOuterDisposeScope()).ToArray());
            targets.Add(method.EmbedTargets(views).Select(t => t.MoveToOuterDisposeScope()).ToArray());
        }
        foreach (var (buffer, before) in statistics)
            buffer.copy_(before);
        return (cat(features, dim: 0).MoveToOuterDisposeScope(), Join(rows), Join(targets));
    }

    private static Tensor[] Join(List<IReadOnlyList<Tensor>> parts) =>
        Enumerable.Range(0, parts[0].Count).Select(i => cat(parts.Select(p => p[i]).ToArray(), dim: 0).MoveToOuterDisposeScope()).ToArray();

    // As even as possible, so that batch-norm has about as many images in the last chunk as in the others.
    private static (long First, long Count)[] Split(long images, int chunk)
    {
        long count = (images + chunk - 1) / chunk;
        return Enumerable.Range(0, (int)count).Select(i => (First: images * i / count, Count: images * (i + 1) / count - images * i / count)).ToArray();
    }

    private static void ThrowIfNotFinite(IReadOnlyList<LossValue> directions)
    {
        foreach (LossValue direction in directions)
            DivergedException.ThrowIfNotFinite("loss", direction.Value.to(ScalarType.Float64).item<double>());
    }

    private static Tensor Mean(IReadOnlyList<LossValue> directions, double share) => stack(directions.Select(d => d.Value)).mean().Times(share);
}
