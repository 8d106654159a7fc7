using Diptych.Data;

namespace Diptych.Views;

/// <summary>Decodes images and keeps the small ones, so that they are decoded once. Safe to use from many threads.</summary>
/// <remarks>An image is kept when it needs no more than an equal share of the limit: a set of tiles that fits is kept whole, a set of photographs that does not costs nothing.</remarks>
internal sealed class DecodedImages(IImageSource source, long limit)
{
    private readonly long _share = limit / source.Count;
    private readonly ImageBuffer?[] _kept = limit / source.Count > 0 ? new ImageBuffer?[source.Count] : [];

    /// <summary>Images of at most so many bytes are kept, and have to be decoded whole.</summary>
    public long Share => _share;

    /// <summary>The image's name in its source.</summary>
    public string NameOf(int index) => source.GetName(index);

    /// <summary>What to throw where an image turns out unusable.</summary>
    public UnreadableImageException Unreadable(int index, Exception fault, string advice) => new(NameOf(index), index, source.Count, fault.Message, advice, fault);

    /// <summary>One decoded image, not to be written to: a kept one, or <paramref name="scratch"/>.</summary>
    /// <param name="index">Image, 0-based.</param>
    /// <param name="scratch">Receives an image that is not kept.</param>
    /// <param name="needed">Chooses the part of it that has to be right.</param>
    public ImageBuffer Get(int index, ImageBuffer scratch, IRegionChoice needed)
    {
        if (_share > 0 && Volatile.Read(ref _kept[index]) is { } kept)
            return kept;
        source.Decode(index, scratch, needed);
        if (scratch.Pixels.Length > _share)
            return scratch;

        // Two threads may decode the same image at once; either copy is the same.
        var copy = new ImageBuffer();
        copy.Resize(scratch.Width, scratch.Height);
        scratch.Pixels.CopyTo(copy.Pixels);
        Volatile.Write(ref _kept[index], copy);
        return copy;
    }
}
