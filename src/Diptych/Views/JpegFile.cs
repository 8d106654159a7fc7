using SkiaSharp;

namespace Diptych.Views;

/// <summary>Pixels → JPEG.</summary>
internal static class JpegFile
{
    /// <summary>Pixels that a side may have, of those who write JPEG by libjpeg.</summary>
    public const int MaximumSide = 65_500;

    /// <summary>Encodes <c>[height, width, 4]</c> pixels.</summary>
    public static unsafe byte[] Encode(ReadOnlySpan<byte> rgbx, int width, int height, int quality)
    {
        fixed (byte* pixels = rgbx)
        {
            using var pixmap = new SKPixmap(new(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque), (nint)pixels);
            using SKData data = pixmap.Encode(new SKJpegEncoderOptions(quality)) ?? throw new InvalidOperationException($"Skia could not write a JPEG of {width} × {height} pixels.");
            return data.ToArray();
        }
    }
}
