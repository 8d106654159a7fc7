namespace Diptych.Views;

/// <summary>Which images a pass reads, in which batches, and how.</summary>
/// <param name="Recipe">What a view looks like.</param>
/// <param name="Order">The images, in the order of the batches.</param>
/// <param name="BatchSize">Images in a batch.</param>
/// <param name="Steps">Batches from the order's beginning; the last may be short.</param>
/// <param name="FirstStep">The batch to begin with.</param>
/// <param name="Views">Views of each image.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Epoch">Epoch of random views, or null for evaluation's views.</param>
internal sealed record PassPlan(ViewRecipe Recipe, ReadOnlyMemory<int> Order, int BatchSize, int Steps, int FirstStep, int Views, long Seed, int? Epoch)
{
    /// <summary>Images from the order's beginning.</summary>
    public long Images => Math.Min((long)Steps * BatchSize, Order.Length);

    public ReadOnlySpan<int> IndicesOf(int step)
    {
        int start = step * BatchSize;
        return Order.Span.Slice(start, Math.Min(BatchSize, Order.Length - start));
    }
}
