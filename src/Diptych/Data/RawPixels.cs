using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Diptych.Data;

/// <summary>Red, green and blue bytes ↔ the four-byte pixels of an <see cref="ImageBuffer"/>.</summary>
internal static class RawPixels
{
    /// <summary>Spreads an image out; where only a part is needed, that part's rows.</summary>
    public static void Expand(ReadOnlySpan<byte> rgb, int width, int height, ImageBuffer destination, IRegionChoice? needed)
    {
        destination.Resize(width, height);
        var (_, top, _, rows) = needed?.Choose(width, height) ?? ImageRegion.Whole(width, height);
        Expand(rgb.Slice(3 * top * width, 3 * rows * width), MemoryMarshal.Cast<byte, uint>(destination.Pixels).Slice(top * width, rows * width));
    }

    /// <summary>Packs pixels as red, green and blue bytes.</summary>
    public static byte[] Pack(ReadOnlySpan<byte> rgbx)
    {
        var rgb = new byte[rgbx.Length / 4 * 3];
        Pack(rgbx, rgb, channels: 3);
        return rgb;
    }

    /// <summary>Packs <c>[pixels, 4]</c> bytes as <c>[pixels, channels]</c>: the first three of each pixel, or the first alone.</summary>
    public static void Pack(ReadOnlySpan<byte> rgbx, Span<byte> packed, int channels)
    {
        ReadOnlySpan<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgbx);
        packed = packed[..(pixels.Length * channels)];
        if (channels == 1)
        {
            for (int pixel = 0; pixel < pixels.Length; pixel++)
                packed[pixel] = (byte)pixels[pixel]; // little-endian
            return;
        }
        int done = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            // 16 bytes are written for 4 pixels of 12, so the last ones are left to the plain loop.
            Vector128<byte> gather = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);
            for (; done + 6 <= pixels.Length; done += 4)
                Vector128.Shuffle(Vector128.Create(pixels.Slice(done, 4)).AsByte(), gather).CopyTo(packed[(3 * done)..]);
        }
        for (; done < pixels.Length; done++)
            rgbx.Slice(4 * done, 3).CopyTo(packed[(3 * done)..]);
    }

    private static void Expand(ReadOnlySpan<byte> rgb, Span<uint> pixels)
    {
        int done = 0;
        if (Avx512Vbmi.IsSupported)
        {
            // 64 bytes are read for 16 pixels of 48. Where a pixel's fourth byte comes from does not matter.
            Vector512<byte> pixel = Vector512<byte>.Indices >>> 2, colour = Vector512<byte>.Indices & Vector512.Create((byte)3);
            Vector512<byte> from = pixel + pixel + pixel + colour;
            Vector512<uint> opaque = Vector512.Create(0xFF000000);
            for (; done + 22 <= pixels.Length; done += 16)
                (Avx512Vbmi.PermuteVar64x8(Vector512.Create(rgb.Slice(3 * done, 64)), from).AsUInt32() | opaque).CopyTo(pixels[done..]);
        }
        if (Vector128.IsHardwareAccelerated)
        {
            // 16 bytes are read for 4 pixels of 12, so the last ones are left to the plain loop.
            Vector128<byte> spread = Vector128.Create((byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255);
            Vector128<uint> opaque = Vector128.Create(0xFF000000);
            for (; done + 6 <= pixels.Length; done += 4)
                (Vector128.Shuffle(Vector128.Create(rgb.Slice(3 * done, 16)), spread).AsUInt32() | opaque).CopyTo(pixels[done..]);
        }
        for (; done < pixels.Length; done++)
            pixels[done] = rgb[3 * done] | (uint)rgb[3 * done + 1] << 8 | (uint)rgb[3 * done + 2] << 16 | 0xFF000000; // little-endian
    }
}
