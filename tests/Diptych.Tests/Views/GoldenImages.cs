using System.Numerics;
using System.Runtime.InteropServices;
using Diptych.Data;

namespace Diptych.Tests.Views;

/// <summary>The inputs of Golden/make_views_golden.py, computed by the same formulas.</summary>
internal static class GoldenImages
{
    /// <summary>Pixels, <c>[height, width, 4]</c>.</summary>
    public static byte[] Make(string kind, int width, int height, int seed)
    {
        byte[] rgbx = new byte[width * height * 4];
        if (kind == "all-colours")
        {
            Span<uint> colours = MemoryMarshal.Cast<byte, uint>(rgbx.AsSpan());
            for (int colour = 0; colour < colours.Length; colour++)
                colours[colour] = (uint)colour | 0xFF000000;
            return rgbx;
        }

        if (kind == "photo")
        {
            PasteTiles(rgbx, width, height, seed);
            return rgbx;
        }

        uint state = (uint)seed;
        for (int pixel = 0; pixel < width * height; pixel++)
        {
            int x = pixel % width, y = pixel / width;
            Span<int> planes = [x * 5 + seed * 31, y * 4 + x + seed * 17, (x * y >> 4) + seed * 7];
            for (int channel = 0; channel < 3; channel++)
            {
                state = state * 1664525 + 1013904223;
                int noise = (int)(state >> 24), plane = planes[channel] & 511;
                rgbx[pixel * 4 + channel] = kind switch
                {
                    "noise" => (byte)noise,
                    "scene" => (byte)((plane > 255 ? 511 - plane : plane) ^ (noise & 7)),
                    _ => throw new ArgumentException(kind),
                };
            }
            rgbx[pixel * 4 + 3] = 255;
        }
        return rgbx;
    }

    private static void PasteTiles(Span<byte> rgbx, int width, int height, int seed)
    {
        const int side = 64;
        int columns = width / side, count = columns * (height / side);
        using IImageSource tiles = ImageSource.Open(Repository.Sample("test.tar"));
        var tile = new ImageBuffer();
        for (int i = 0; i < count; i++)
        {
            tiles.Decode(seed * count + i, tile);
            for (int y = 0; y < side; y++)
                tile.Pixels.Slice(y * side * 4, side * 4).CopyTo(rgbx[(((i / columns * side + y) * width + i % columns * side) * 4)..]);
        }
    }

    /// <summary>Without the fourth byte of each pixel.</summary>
    public static byte[] Rgb(ReadOnlySpan<byte> rgbx)
    {
        byte[] rgb = new byte[rgbx.Length / 4 * 3];
        for (int pixel = 0; pixel < rgbx.Length / 4; pixel++)
            (rgb[pixel * 3], rgb[pixel * 3 + 1], rgb[pixel * 3 + 2]) = (rgbx[pixel * 4], rgbx[pixel * 4 + 1], rgbx[pixel * 4 + 2]);
        return rgb;
    }

    /// <summary>What a failing comparison should say of the machine.</summary>
    public static string Width => $"vectors of {Vector<byte>.Count * 8} bits";
}
