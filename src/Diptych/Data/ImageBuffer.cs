namespace Diptych.Data;

/// <summary>Pixels of one decoded image, four bytes each (red, green, blue, 255), rows from the top without padding.</summary>
public sealed class ImageBuffer
{
    private byte[] _pixels = [];

    /// <summary>Columns, in pixels.</summary>
    public int Width { get; private set; }

    /// <summary>Rows, in pixels.</summary>
    public int Height { get; private set; }

    /// <summary>The pixels, <c>[Height, Width, 4]</c>, red first.</summary>
    public Span<byte> Pixels => _pixels.AsSpan(0, Width * Height * 4);

    /// <summary>Makes room for an image of this size; the pixels' contents are then undefined. Memory only ever grows.</summary>
    public void Resize(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        int length = checked(width * height * 4);
        if (_pixels.Length < length)
            _pixels = GC.AllocateUninitializedArray<byte>(length);
        (Width, Height) = (width, height);
    }
}
