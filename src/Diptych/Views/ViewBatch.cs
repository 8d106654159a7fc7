namespace Diptych.Views;

/// <summary>One batch of views, valid until the loader's next one is asked for: its memory is then filled again.</summary>
public sealed class ViewBatch
{
    private readonly int[] _indices;

    internal ViewBatch(int batchSize, int views, ViewRecipe recipe)
    {
        Recipe = recipe;
        Pixels = GC.AllocateArray<byte>((int)BytesOf(batchSize, views, recipe), pinned: true);
        _indices = new int[batchSize];
    }

    /// <summary>What a view looks like; its mean and deviation normalize these.</summary>
    public ViewRecipe Recipe { get; }

    /// <summary>Views before normalizing, <c>[Views · Count, Size, Size, Channels]</c>: the first views of all images, then the second. Pinned; of a short batch only the first <see cref="Length"/> values count.</summary>
    public byte[] Pixels { get; }

    /// <summary>Values of <see cref="Pixels"/> in use: Views · Count · Size² · Channels.</summary>
    public int Length => Views * Count * Size * Size * Channels;

    /// <summary>Images in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>Views of each image.</summary>
    public int Views { get; private set; }

    /// <summary>Width and height of a view, in pixels.</summary>
    public int Size => Recipe.Size;

    /// <summary>Channels of a view: 3, or 1 for gray.</summary>
    public int Channels => Recipe.Channels;

    /// <summary>Which images of the source these are, <c>[Count]</c>.</summary>
    public ReadOnlySpan<int> Indices => _indices.AsSpan(0, Count);

    /// <summary>The batch's number in its epoch, 0-based.</summary>
    public int Step { get; private set; }

    /// <summary>Checks that a batch fits into one array.</summary>
    /// <exception cref="InvalidInputException">It does not.</exception>
    internal static void Check(int batchSize, int views, ViewRecipe recipe)
    {
        if (BytesOf(batchSize, views, recipe) is var bytes && bytes > Array.MaxLength)
            throw new InvalidInputException($"A batch of {batchSize:N0} images in {views} views of {recipe.Size:N0} × {recipe.Size:N0} pixels takes {bytes:N0} bytes; the limit is {Array.MaxLength:N0}. Use a smaller --batch (--accumulate makes up for it in part) or a smaller --image-size.");
    }

    private static long BytesOf(int batchSize, int views, ViewRecipe recipe) => (long)batchSize * views * recipe.Size * recipe.Size * recipe.Channels;

    internal void Start(int step, int views, ReadOnlySpan<int> indices)
    {
        (Step, Views, Count) = (step, views, indices.Length);
        indices.CopyTo(_indices);
    }

    /// <summary>Where one view of one image goes, <c>[Size, Size, Channels]</c>.</summary>
    internal Span<byte> ViewOf(int image, int view)
    {
        int length = Size * Size * Channels;
        return Pixels.AsSpan((view * Count + image) * length, length);
    }
}
