namespace Diptych.Embeddings;

/// <summary>Features of images on their way into a file: names, labels and rows, read a block at a time.</summary>
/// <param name="Names">Name of each image.</param>
/// <param name="Labels">Class of each image, null where it has none; null where the images have no classes.</param>
/// <param name="Length">Values in a row.</param>
/// <param name="Rows">Reads rows: the first row's index, and as many as the span holds, row after row.</param>
/// <param name="Metadata">Where they come from: encoder, views, images.</param>
public sealed record FeatureTable(IReadOnlyList<string> Names, IReadOnlyList<string?>? Labels, int Length, FeatureTable.RowReader Rows, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>Reads whole rows into a span.</summary>
    /// <param name="first">Index of the first row.</param>
    /// <param name="destination">A multiple of <see cref="Length"/> values.</param>
    public delegate void RowReader(int first, Span<float> destination);

    private const int BlockRows = 4096;

    /// <summary>The rows in blocks that fit in memory; the array is used again for the next block.</summary>
    internal IEnumerable<(int First, int Count, float[] Values)> Blocks()
    {
        float[] block = new float[Math.Min(BlockRows, Math.Max(1, Names.Count)) * Length];
        for (int first = 0; first < Names.Count; first += BlockRows)
        {
            int count = Math.Min(BlockRows, Names.Count - first);
            Rows(first, block.AsSpan(0, count * Length));
            yield return (first, count, block);
        }
    }
}
