using System.Runtime.InteropServices;
using SkiaSharp;

namespace Diptych.Data;

/// <summary>Encoded bytes of one image → pixels, the same as Pillow's <c>convert("RGB")</c>.</summary>
/// <remarks>
/// Alpha is dropped, not blended; gray becomes three equal channels; colour profiles are not applied, EXIF rotation only when asked;
/// an animation gives its first frame. Of 16 bits the high 8 are taken, where Pillow clips gray. docs/images.md has the whole list.
/// </remarks>
internal static class ImageDecoder
{
    /// <summary>The most pixels an image may have: 2²⁸, 1 GiB decoded.</summary>
    public const int MaximumPixels = 1 << 28;

    // No valid file holds more: a JPEG block of 64 pixels takes at least one bit, deflate packs at most 1,032 bytes into one.
    private const int JpegPixelsPerByte = 1024, BmpPixelsPerByte = 1024, DeflateRatio = 1032;

    // Chroma of a cropped JPEG is interpolated from what lies within the crop; this many columns further out nothing is left of that.
    private const int CropMargin = 4;

    // A crop that begins with a block, of 16 columns where chroma has half of them, is handed over as libjpeg makes it; any other is copied row by row.
    private const int CropAlignment = 16;

    [ThreadStatic]
    private static ImageBuffer? _unturned;

    /// <summary>Decodes one image.</summary>
    /// <param name="file">The encoded bytes.</param>
    /// <param name="destination">Receives size and pixels.</param>
    /// <param name="appliesOrientation">Whether the image is turned and mirrored as its EXIF orientation says.</param>
    /// <param name="needed">Chooses the part that has to be right; null for all of it.</param>
    /// <returns>Null, or what is wrong with it; the destination's contents are then undefined.</returns>
    public static string? Decode(ReadOnlySpan<byte> file, ImageBuffer destination, bool appliesOrientation = false, IRegionChoice? needed = null)
    {
        if (file.IsEmpty)
            return "the file is empty";
        if (FormatOf(file) is not { } format)
            return "not a JPEG, PNG, WebP or BMP image";
        string? fault = format switch { "JPEG" => JpegStructure.FindFault(file), "PNG" => PngStructure.FindFault(file), _ => null };
        if (fault is not null)
            return fault;

        SKEncodedOrigin origin = !appliesOrientation ? SKEncodedOrigin.TopLeft
            : format == "PNG" ? ExifOrientation.Read(PngStructure.FindExif(file)) : OriginOf(file); // Skia looks for none in PNG
        if (origin == SKEncodedOrigin.TopLeft)
            return format == "JPEG" && TurboJpeg.TryDecode(file, destination) ? null : DecodeBySkia(file, format, destination, needed);
        ImageBuffer stored = _unturned ??= new ImageBuffer();
        fault = DecodeBySkia(file, format, stored, null);
        if (fault is null)
            ExifOrientation.Apply(stored, origin, destination);
        return fault;
    }

    /// <summary>Decodes with Skia, whatever else there is.</summary>
    /// <param name="file">Bytes of the format named, structurally whole.</param>
    /// <param name="format">What <paramref name="file"/> begins as.</param>
    /// <param name="destination">Receives size and pixels.</param>
    /// <param name="needed">Chooses the part that has to be right; null for all of it.</param>
    public static unsafe string? DecodeBySkia(ReadOnlySpan<byte> file, string format, ImageBuffer destination, IRegionChoice? needed)
    {
        fixed (byte* bytes = file)
        {
            using SKData data = SKData.Create((nint)bytes, file.Length);
            using SKCodec? codec = SKCodec.Create(data);
            if (codec is null)
                return $"damaged {format} header";
            SKImageInfo stored = codec.Info;
            if (FindExcess(file, format, stored.Width, stored.Height) is { } excess)
                return excess;

            destination.Resize(stored.Width, stored.Height);
            if (needed is not null && format == "JPEG" && DecodeRegion(codec, destination, needed.Choose(stored.Width, stored.Height)))
                return null;
            fixed (byte* pixels = destination.Pixels)
            {
                SKCodecResult result = codec.GetPixels(Rgbx(stored), (nint)pixels);
                if (result != SKCodecResult.Success)
                    return result == SKCodecResult.IncompleteInput ? $"premature end of {format}" : $"damaged {format} data ({result})";
            }
            if (stored.AlphaType != SKAlphaType.Opaque)
                MakeOpaque(destination.Pixels);
        }
        return null;
    }

    // Without a colour space nothing is converted: the stored values come out.
    private static SKImageInfo Rgbx(SKImageInfo stored) => new(stored.Width, stored.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);

    // Rows above are skipped, rows below not looked at; false where the whole image has to be decoded.
    private static unsafe bool DecodeRegion(SKCodec codec, ImageBuffer destination, ImageRegion region)
    {
        int width = destination.Width, height = destination.Height;
        if (!region.IsWithin(width, height))
            throw new ArgumentException($"{region} leaves the image of {width} × {height} pixels.", nameof(region));
        int left = Math.Max(0, region.Left - CropMargin) / CropAlignment * CropAlignment, right = Math.Min(width, region.Left + region.Width + CropMargin);
        var options = new SKCodecOptions(new SKRectI(left, 0, right, height));
        if (codec.StartScanlineDecode(Rgbx(codec.Info), options) != SKCodecResult.Success || (region.Top > 0 && !codec.SkipScanlines(region.Top)))
            return false;
        fixed (byte* pixels = destination.Pixels)
            return codec.GetScanlines((nint)pixels + 4 * ((nint)region.Top * width + left), region.Height, 4 * width) == region.Height;
    }

    /// <summary>Says so where a header promises more pixels than are allowed, or than its file can hold.</summary>
    public static string? FindExcess(ReadOnlySpan<byte> file, string format, int width, int height)
    {
        long pixels = (long)width * height;
        if (pixels > MaximumPixels)
            return $"{width:N0} × {height:N0} pixels, the limit is {MaximumPixels:N0} in all";
        bool isImpossible = format switch
        {
            "JPEG" => pixels > (long)file.Length * JpegPixelsPerByte,
            "BMP" => pixels > (long)file.Length * BmpPixelsPerByte,
            "PNG" => PngStructure.UnpackedLength(file) > (long)file.Length * DeflateRatio,
            _ => false,
        };
        return isImpossible ? $"{width:N0} × {height:N0} pixels in {file.Length:N0} bytes, more than {format} can hold" : null;
    }

    private static unsafe SKEncodedOrigin OriginOf(ReadOnlySpan<byte> file)
    {
        fixed (byte* bytes = file)
        {
            using SKData data = SKData.Create((nint)bytes, file.Length);
            using SKCodec? codec = SKCodec.Create(data);
            return codec?.EncodedOrigin ?? SKEncodedOrigin.TopLeft;
        }
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
