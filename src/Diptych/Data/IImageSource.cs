namespace Diptych.Data;

/// <summary>A numbered set of images, wherever they are stored. Safe to use from many threads.</summary>
public interface IImageSource : IDisposable
{
    /// <summary>What it is and where, for messages and logs: <c>samples/eurosat/train.tar</c>.</summary>
    string Description { get; }

    /// <summary>How many images there are; at least 1.</summary>
    int Count { get; }

    /// <summary>Names of the classes by label number, or null where the images have no labels.</summary>
    IReadOnlyList<string>? LabelNames { get; }

    /// <summary>Why the images have no labels, where that is not plain: a sentence or two that say what to do; else null.</summary>
    string? WhyUnlabelled => null;

    /// <summary>Files that lie among the images and are none by their names: <c>.gif (900), .txt (1)</c>; null where there are none.</summary>
    string? LeftOut => null;

    /// <summary>How a file of Diptych's own stores the images: <c>packed as JPEG, shorter side at most 256 pixels</c>; null for other sources.</summary>
    string? StoredAs => null;

    /// <summary>Whether photographs are turned as their EXIF orientation says.</summary>
    bool AppliesOrientation => false;

    /// <summary>The image's name, stable and unique in the source: <c>Forest/Forest_12.jpg</c>.</summary>
    /// <param name="index">Image, 0-based.</param>
    string GetName(int index);

    /// <summary>The image's label number in <see cref="LabelNames"/>, or −1 where it has none.</summary>
    /// <param name="index">Image, 0-based.</param>
    int GetLabel(int index);

    /// <summary>Decodes one image into <paramref name="destination"/>, which is resized to fit.</summary>
    /// <param name="index">Image, 0-based.</param>
    /// <param name="destination">Receives width, height and pixels; its memory is reused.</param>
    /// <exception cref="UnreadableImageException">The image cannot be decoded whole.</exception>
    void Decode(int index, ImageBuffer destination);

    /// <summary>Decodes at least a part of one image, at its place in the whole; in the part the pixels are those of <see cref="Decode(int, ImageBuffer)"/>.</summary>
    /// <param name="index">Image, 0-based.</param>
    /// <param name="destination">Receives width and height of the whole image, and the part's pixels; the others are undefined.</param>
    /// <param name="needed">Chooses the part. A source may decode more, and need not ask.</param>
    /// <exception cref="UnreadableImageException">The part cannot be decoded. Damage outside it may go unnoticed.</exception>
    void Decode(int index, ImageBuffer destination, IRegionChoice needed) => Decode(index, destination);
}
