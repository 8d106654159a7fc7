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
/// Networks that are not trained take every k-th image into a chunk, where those that are trained take neighbours: their statistics are then
/// not of the same images, which is what MoCo (arXiv 1911.05722, section 3.3) shuffles images between processes for.
/// </remarks>
internal static class BatchGradient
{
    /// <summary>Gradient and loss.</summary>
    /// <param name="method">Its networks receive the gradient.</param>
    /// <param name="views">Normalized views, <c>[2N, C, H, W]</c>.</param>
    /// <param name="images">The number of each image.</param>
    /// <param name="loss">Which loss.</param>
    /// <param name="share">What the gradient is multiplied with: one over the number of batches in a step.</param>
    /// <param name="chunk">Images in a chunk; null, or at least N, for all at once.</param>
    /// <param name="labels">The class of each image, or null to learn without.</param>
    /// <param name="isChecked">Whether the loss is looked at, for which its device must be waited for.</param>
    /// <exception cref="DivergedException">A loss is not finite; nothing was changed then.</exception>
    /// <returns>The losses of each direction and the encoder's features, and what the method is to remember; they belong to the caller's scope.</returns>
    public static BatchResult Add(IMethod method, Tensor views, IReadOnlyList<int> images, ContrastiveLoss loss, double share, int? chunk, IReadOnlyList<int>? labels = null, bool isChecked = true)
    {
        if (chunk < views.shape[0] / 2)
            return AddInChunks(method, views, images, loss, share, chunk.Value, labels, isChecked);
        TrainedEmbeddings embedded = method.Embed(views);
        IReadOnlyList<Tensor> targets = method.EmbedTargets(views);
        IReadOnlyList<LossValue> directions = method.Compare(embedded.Rows, targets, images, loss, labels);
        if (isChecked)
            ThrowIfNotFinite(directions);
        Backpropagation.Run(Mean(directions, share));
        return new(directions, embedded.Features, embedded.Rows, targets);
    }

    /// <summary>Has the method remember a batch that nothing is learned from.</summary>
    /// <param name="method">The method.</param>
    /// <param name="views">Normalized views, <c>[2N, C, H, W]</c>.</param>
    /// <param name="images">The number of each image.</param>
    /// <param name="chunk">Images in a chunk; null for all at once.</param>
    public static void Fill(IMethod method, Tensor views, IReadOnlyList<int> images, int? chunk)
    {
        foreach (var part in Split(images.Count, chunk ?? images.Count))
        {
            using var scope = NewDisposeScope();
            method.Fill(ViewsOf(views, part), [.. images.Skip((int)part.First).Take((int)part.Count)]);
        }
    }

    /// <summary>Images in the smallest chunk of a batch.</summary>
    /// <param name="batch">Images in the batch.</param>
    /// <param name="chunk">Most images in a chunk.</param>
    public static long SmallestChunk(int batch, int chunk) => batch / CountChunks(batch, chunk);

    private static BatchResult AddInChunks(IMethod method, Tensor views, IReadOnlyList<int> numbers, ContrastiveLoss loss, double share, int chunk, IReadOnlyList<int>? labels, bool isChecked)
    {
        (long First, long Count)[] parts = Split(views.shape[0] / 2, chunk);

        // Without activations: the rows of the whole batch, while statistics stay what they were.
        var (features, rows, targets) = EmbedAll(method, views, parts);
        Tensor[] leaves = rows.Select(r => r.requires_grad_(true)).ToArray();
        IReadOnlyList<LossValue> directions = method.Compare(leaves, targets, numbers, loss, labels);
        if (isChecked)
            ThrowIfNotFinite(directions);
        Backpropagation.Run(Mean(directions, share));
        Tensor?[] slopes = leaves.Select(leaf => leaf.grad).ToArray();

        foreach (var part in parts)
        {
            using var scope = NewDisposeScope();
            IReadOnlyList<Tensor> again = method.Embed(ViewsOf(views, part)).Rows;
            // The gradient of this sum is, row by row, the gradient of the loss.
            Tensor[] products = again.Zip(slopes).Where(r => r.Second is not null && r.First.requires_grad)
                .Select(r => (r.First * r.Second!.narrow(0, part.First, part.Count)).sum()).ToArray();
            Backpropagation.Run(stack(products).sum());
        }
        return new(directions, features, leaves, targets);
    }

    private static (Tensor Features, Tensor[] Rows, Tensor[] Targets) EmbedAll(IMethod method, Tensor views, (long First, long Count)[] parts)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        // The second pass moves the statistics of the trained networks; those without gradients are run here only.
        var statistics = method.Networks.Where(n => n.Module.parameters().Any(p => p.requires_grad)).SelectMany(n => n.Module.buffers())
            .Select(buffer => (Buffer: buffer, Before: buffer.clone())).ToArray();
        var features = new List<Tensor>();
        var rows = new List<IReadOnlyList<Tensor>>();
        foreach (var part in parts)
        {
            using var inner = NewDisposeScope();
            TrainedEmbeddings embedded = method.Embed(ViewsOf(views, part));
            features.Add(embedded.Features.MoveToOuterDisposeScope());
            rows.Add(embedded.Rows.Select(r => r.MoveToOuterDisposeScope()).ToArray());
        }
        foreach (var (buffer, before) in statistics)
            buffer.copy_(before);
        return (cat(features, dim: 0).MoveToOuterDisposeScope(), Join(rows), [.. EmbedTargets(method, views, parts.Length).Select(target => target.MoveToOuterDisposeScope())]);
    }

    // Every k-th image is in a chunk, of k chunks.
    private static Tensor[] EmbedTargets(IMethod method, Tensor views, int chunks)
    {
        using var scope = NewDisposeScope();
        long images = views.shape[0] / 2;
        Tensor[] each = views.chunk(2), joined = [];
        for (int part = 0; part < chunks; part++)
        {
            using var inner = NewDisposeScope();
            IReadOnlyList<Tensor> targets = method.EmbedTargets(cat([.. each.Select(view => view.slice(0, part, images, chunks))], dim: 0));
            if (targets.Count == 0)
                return [];
            if (part == 0)
                joined = [.. targets.Select(own => own.new_empty(images, own.shape[1]).MoveToOuterDisposeScope())];
            foreach (var (whole, own) in joined.Zip(targets))
                whole.slice(0, part, images, chunks).copy_(own);
        }
        return [.. joined.Select(target => target.MoveToOuterDisposeScope())];
    }

    private static Tensor ViewsOf(Tensor views, (long First, long Count) part) =>
        cat([.. views.chunk(2).Select(view => view.narrow(0, part.First, part.Count))], dim: 0);

    private static Tensor[] Join(List<IReadOnlyList<Tensor>> parts) =>
        Enumerable.Range(0, parts[0].Count).Select(i => cat(parts.Select(p => p[i]).ToArray(), dim: 0).MoveToOuterDisposeScope()).ToArray();

    // As even as possible, so that batch-norm has about as many images in the last chunk as in the others.
    private static (long First, long Count)[] Split(long images, int chunk)
    {
        long count = CountChunks(images, chunk);
        return Enumerable.Range(0, (int)count).Select(i => (First: images * i / count, Count: images * (i + 1) / count - images * i / count)).ToArray();
    }

    private static long CountChunks(long images, int chunk) => (images + chunk - 1) / chunk;

    private static void ThrowIfNotFinite(IReadOnlyList<LossValue> directions)
    {
        foreach (LossValue direction in directions)
            DivergedException.ThrowIfNotFinite("loss", direction.Value.to(ScalarType.Float64).item<double>());
    }

    private static Tensor Mean(IReadOnlyList<LossValue> directions, double share)
    {
        Tensor mean = directions.Count == 1 ? directions[0].Value : stack(directions.Select(d => d.Value)).mean();
        return share == 1 ? mean : mean.Times(share);
    }
}
