using System.Collections.Concurrent;
using Diptych.Data;

namespace Diptych.Tests.Views;

/// <summary>Images in memory, of various sizes, each from its index; some may be unreadable.</summary>
internal sealed class PixelSource(int count, params int[] unreadable) : IImageSource
{
    private readonly ConcurrentDictionary<Thread, int> _readers = [];
    private int _decoded;

    public string Description => "images in memory";

    public int Count => count;

    public IReadOnlyList<string>? LabelNames => null;

    /// <summary>How often an image was decoded.</summary>
    public int Decoded => _decoded;

    /// <summary>The threads that have decoded an image.</summary>
    public ICollection<Thread> Readers => _readers.Keys;

    public string GetName(int index) => $"image-{index}";

    public int GetLabel(int index) => -1;

    public void Decode(int index, ImageBuffer destination)
    {
        Interlocked.Increment(ref _decoded);
        _readers.TryAdd(Thread.CurrentThread, 0);
        if (unreadable.Contains(index))
            throw new UnreadableImageException(GetName(index), index, count, "made so");
        destination.Resize(20 + index % 7 * 5, 25 + index % 4 * 9);
        GoldenImages.Make("scene", destination.Width, destination.Height, index).CopyTo(destination.Pixels);
    }

    public void Dispose() { }
}
