using Diptych.Data;

namespace Diptych.Tests.Data;

/// <summary>A source in memory: one pixel an image, red = its index; some of them unreadable.</summary>
internal sealed class LabelledSource(int[] labels, string[]? labelNames, params int[] unreadable) : IImageSource
{
    public bool IsDisposed { get; private set; }

    public string Description => "memory";

    public int Count => labels.Length;

    public IReadOnlyList<string>? LabelNames => labelNames;

    public string GetName(int index) => $"image-{index}";

    public int GetLabel(int index) => labels[index];

    public void Decode(int index, ImageBuffer destination)
    {
        if (unreadable.Contains(index))
            throw new UnreadableImageException(GetName(index), index, Count, $"reason {index}");
        destination.Resize(1, 1);
        ((byte[])[(byte)index, 0, 0, 255]).CopyTo(destination.Pixels);
    }

    public void Dispose() => IsDisposed = true;
}
