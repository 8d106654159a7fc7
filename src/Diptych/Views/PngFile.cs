using System.Runtime.InteropServices;
using SkiaSharp;

namespace Diptych.Views;

/// <summary>Pixels → PNG.</summary>
internal static class PngFile
{
    /// <summary>Encodes <c>[height, width, 4]</c> pixels without loss; with one channel as gray.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> rgbx, int width, int height, int channels = 3)
    {
        byte[] pixels = rgbx.ToArray();
        if (channels == 1)
        {
            for (int pixel = 0; pixel < width * height; pixel++)
                pixels[pixel] = rgbx[pixel * 4];
        }
        var pinned = GCHandle.Alloc(pixels, GCHandleType.Pinned);
        try
        {
            var info = new SKImageInfo(width, height, channels == 1 ? SKColorType.Gray8 : SKColorType.Rgba8888, SKAlphaType.Opaque);
            using SKImage image = SKImage.FromPixelCopy(info, pinned.AddrOfPinnedObject(), info.RowBytes);
            using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
            return png.ToArray();
        }
        finally
        {
            pinned.Free();
        }
    }
}
