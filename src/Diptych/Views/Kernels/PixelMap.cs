using System.Numerics;
using System.Runtime.InteropServices;

namespace Diptych.Views.Kernels;

/// <summary>Runs an <see cref="IPixelMap"/> over an image.</summary>
internal static class PixelMap
{
    /// <summary>Maps every pixel in place; lanes do not meet, so the width of a vector changes nothing.</summary>
    public static void Apply<TMap>(Span<byte> rgbx, TMap map) where TMap : struct, IPixelMap
    {
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgbx);
        int width = Vector<uint>.Count;
        while (pixels.Length >= width)
        {
            map.Map(new Vector<uint>(pixels)).CopyTo(pixels);
            pixels = pixels[width..];
        }
        if (pixels.IsEmpty)
            return;
        Span<uint> rest = stackalloc uint[width];
        rest.Clear();
        pixels.CopyTo(rest);
        map.Map(new Vector<uint>(rest)).CopyTo(rest);
        rest[..pixels.Length].CopyTo(pixels);
    }
}
