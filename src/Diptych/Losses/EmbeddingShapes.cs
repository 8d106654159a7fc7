using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>Refuses embeddings whose shape or type no loss can use.</summary>
internal static class EmbeddingShapes
{
    public static void RequirePairs(string together, (string Name, Tensor Rows) first, (string Name, Tensor Rows) second, int fewestImages)
    {
        ThrowIfAny([.. Mistakes(first.Name, first.Rows), .. Mistakes(second.Name, second.Rows)]);
        if (!first.Rows.shape.SequenceEqual(second.Rows.shape))
            throw new ArgumentException(
                $"{together} need the same [images, dimensions] shape, but they are {Text(first.Rows)} and {Text(second.Rows)}.");
        long images = first.Rows.shape[0];
        if (images == 1 && fewestImages == 2)
            throw new ArgumentException("A batch of one image has no negatives: give at least two images.");
        if (images < fewestImages)
            throw new ArgumentException($"The batch is empty: its shape is {Text(first.Rows)}.");
    }

    public static void RequireQueue(Tensor queue, long dimensions)
    {
        ThrowIfAny([.. Mistakes("queue", queue)]);
        if (queue.shape[0] == 0)
            throw new ArgumentException("The queue is empty: without negatives there is no loss. Fill it before the first step.");
        if (queue.shape[1] != dimensions)
            throw new ArgumentException($"The queue needs {dimensions} dimensions like the anchors, but its shape is {Text(queue)}.");
    }

    public static void RequireNegatives(IReadOnlyList<(int Anchor, int Queued)> leftOut, long anchors, long queued)
    {
        foreach (var (anchor, other) in leftOut)
        {
            if (anchor < 0 || anchor >= anchors || other < 0 || other >= queued)
                throw new ArgumentException($"The pair ({anchor}, {other}) is left out, but there are {anchors} anchors and {queued} embeddings in the queue.");
        }
        if (leftOut.GroupBy(p => p.Anchor).FirstOrDefault(own => own.Count() == queued) is { } alone)
            throw new ArgumentException($"Every embedding in the queue ({queued}) is left out for anchor {alone.Key}: without negatives there is no loss. Use a longer queue.");
    }

    public static void RequireLabels(IReadOnlyList<int> labels, long images)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Count != images)
            throw new ArgumentException($"Each image needs one label, but there are {images} images and {labels.Count} labels.");
        if (labels.Distinct().Count() < 2)
            throw new ArgumentException($"All {images} images have the label {labels[0]}, so none has a negative: give images of at least two classes.");
    }

    private static IEnumerable<string> Mistakes(string name, Tensor rows)
    {
        if (rows.dim() != 2 || rows.shape[1] == 0)
            yield return $"Embeddings need the shape [images, dimensions], but that of the {name} is {Text(rows)}.";
        if (!rows.is_floating_point())
            yield return $"Embeddings need a floating-point type, but that of the {name} is {rows.dtype}.";
    }

    private static void ThrowIfAny(string[] mistakes)
    {
        if (mistakes.Length > 0)
            throw new ArgumentException(string.Join(Environment.NewLine, mistakes));
    }

    private static string Text(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
