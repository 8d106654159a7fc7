using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SkiaSharp;

namespace Diptych.Data;

/// <summary>Turns and mirrors an image as its EXIF orientation says, so that it stands as it was taken.</summary>
/// <remarks>Source: CIPA DC-008 (Exif 2.32), tag 0x0112; the same as Pillow's <c>ImageOps.exif_transpose</c>.</remarks>
internal static class ExifOrientation
{
    private const ushort Tag = 0x0112;

    /// <summary>The orientation in EXIF data, of which only the first directory is looked at.</summary>
    /// <param name="exif">From the byte order mark on.</param>
    /// <returns><see cref="SKEncodedOrigin.TopLeft"/> where it holds none that is valid.</returns>
    public static SKEncodedOrigin Read(ReadOnlySpan<byte> exif)
    {
        const int header = 8, entryLength = 12;
        if (exif.Length < header || !(exif.StartsWith("II"u8) || exif.StartsWith("MM"u8)))
            return SKEncodedOrigin.TopLeft;
        bool isLittleEndian = exif[0] == 'I';
        uint directory = isLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]) : BinaryPrimitives.ReadUInt32BigEndian(exif[4..]);
        if (directory > exif.Length - 2)
            return SKEncodedOrigin.TopLeft;
        int entries = Short(exif[(int)directory..], isLittleEndian);
        for (long at = directory + 2; entries > 0 && at + entryLength <= exif.Length; entries--, at += entryLength)
        {
            ReadOnlySpan<byte> entry = exif[(int)at..];
            if (Short(entry, isLittleEndian) == Tag)
                return Short(entry[8..], isLittleEndian) is var value and >= 1 and <= 8 ? (SKEncodedOrigin)value : SKEncodedOrigin.TopLeft;
        }
        return SKEncodedOrigin.TopLeft;
    }

    private static ushort Short(ReadOnlySpan<byte> bytes, bool isLittleEndian) =>
        isLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    /// <summary>Writes the upright image.</summary>
    /// <param name="stored">The image as the file stores it.</param>
    /// <param name="origin">Which corner and sides of the scene its first row and column are.</param>
    /// <param name="upright">Receives the upright image; another buffer than <paramref name="stored"/>.</param>
    public static void Apply(ImageBuffer stored, SKEncodedOrigin origin, ImageBuffer upright)
    {
        int width = stored.Width, height = stored.Height;
        bool isTransposed = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        upright.Resize(isTransposed ? height : width, isTransposed ? width : height);
        ReadOnlySpan<uint> from = MemoryMarshal.Cast<byte, uint>(stored.Pixels);
        Span<uint> to = MemoryMarshal.Cast<byte, uint>(upright.Pixels);

        // Where the stored (0, 0) goes, and how far one column and one row to the right and down go.
        var (start, column, row) = origin switch
        {
            SKEncodedOrigin.TopRight => (width - 1, -1, width),
            SKEncodedOrigin.BottomRight => (width * height - 1, -1, -width),
            SKEncodedOrigin.BottomLeft => (width * (height - 1), 1, -width),
            SKEncodedOrigin.LeftTop => (0, height, 1),
            SKEncodedOrigin.RightTop => (height - 1, height, -1),
            SKEncodedOrigin.RightBottom => (width * height - 1, -height, -1),
            SKEncodedOrigin.LeftBottom => (height * (width - 1), -height, 1),
            _ => (0, 1, width),
        };
        for (int y = 0, at = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                to[start + x * column + y * row] = from[at++];
    }
}
