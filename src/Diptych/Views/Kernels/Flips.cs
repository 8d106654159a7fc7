using System.Runtime.InteropServices;

namespace Diptych.Views.Kernels;

/// <summary>Mirrors an image in place.</summary>
internal static class Flips
{
    /// <summary>Left becomes right.</summary>
    public static void Horizontal(Span<byte> rgbx, int width)
    {
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgbx);
        for (; pixels.Length >= width; pixels = pixels[width..])
            pixels[..width].Reverse();
    }

    /// <summary>Top becomes bottom.</summary>
    public static void Vertical(Span<byte> rgbx, int width)
    {
        // Turned by half, then mirrored: both steps are vectorized by the runtime and need no scratch.
        MemoryMarshal.Cast<byte, uint>(rgbx).Reverse();
        Horizontal(rgbx, width);
    }
}
