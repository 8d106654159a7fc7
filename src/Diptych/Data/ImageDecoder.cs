using System.Runtime.InteropServices;
using SkiaSharp;

namespace Diptych.Data;

/// <summary>Encoded bytes of one image → pixels, the same as Pillow's <c>convert("RGB")</c>.</summary>
/// <remarks>
/// Alpha is dropped, not blended; gray becomes three equal channels; colour profiles and EXIF rotation are not applied;
/// an animation gives its first frame. 16-bit PNG is scaled to 8 bits, where Pillow clips.
/// </remarks>
internal static class ImageDecoder
{
    /// <summary>The most pixels an image may have: 2²⁸, 1 GiB decoded.</summary>
    public const int MaximumPixels = 1 << 28;

    /// <summary>Decodes one image.</summary>
    /// <returns>Null, or what is wrong with it; the destination's contents are then undefined.</returns>
    public static unsafe string? Decode(ReadOnlySpan<byte> file, ImageBuffer destination)
    {
        if (file.IsEmpty)
            return "the file is empty";
        if (FormatOf(file) is not { } format)
            return "not a JPEG, PNG, WebP or BMP image";
        if (format == "JPEG" && !JpegStructure.IsComplete(file))
            return "premature end of JPEG";
        if (format == "PNG" && !PngStructure.IsComplete(file))
            return "premature end of PNG";

        fixed (byte* bytes = file)
        {
            using SKData data = SKData.Create((nint)bytes, file.Length);
            using SKCodec? codec = SKCodec.Create(data);
            if (codec is null)
                return $"damaged {format} header";
            SKImageInfo stored = codec.Info;
            if ((long)stored.Width * stored.Height > MaximumPixels)
                return $"{stored.Width:N0} × {stored.Height:N0} pixels, the limit is {MaximumPixels:N0} in all";

            destination.Resize(stored.Width, stored.Height);
            fixed (byte* pixels = destination.Pixels)
            {
                // Without a colour space nothing is converted: the stored values come out.
                var wanted = new SKImageInfo(stored.Width, stored.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
                SKCodecResult result = codec.GetPixels(wanted, (nint)pixels);
                if (result != SKCodecResult.Success)
                    return result == SKCodecResult.IncompleteInput ? $"premature end of {format}" : $"damaged {format} data ({result})";
            }
            if (stored.AlphaType != SKAlphaType.Opaque)
                MakeOpaque(destination.Pixels);
        }
        return null;
    }

    private static string? FormatOf(ReadOnlySpan<byte> file) => file switch
    {
        [0xFF, 0xD8, 0xFF, ..] => "JPEG",
        [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, ..] => "PNG",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "WebP",
        [(byte)'B', (byte)'M', ..] => "BMP",
        _ => null,
    };

    private static void MakeOpaque(Span<byte> pixels)
    {
        foreach (ref uint pixel in MemoryMarshal.Cast<byte, uint>(pixels))
            pixel |= 0xFF000000; // little-endian
    }
}
