using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>The channels of packed pixels, and their luma.</summary>
internal static class Channels
{
    private static readonly Vector<uint> Byte = new(255u), Opaque = new(0xFF000000u);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector<uint> Red, Vector<uint> Green, Vector<uint> Blue) Split(Vector<uint> pixels) =>
        (pixels & Byte, (pixels >> 8) & Byte, (pixels >> 16) & Byte);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<uint> Join(Vector<uint> red, Vector<uint> green, Vector<uint> blue) => red | (green << 8) | (blue << 16) | Opaque;

    /// <summary>Luma of ITU-R 601-2 in 16-bit fixed point, as Pillow's conversion to <c>L</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<uint> Luma(Vector<uint> pixels)
    {
        var (red, green, blue) = Split(pixels);
        return (red * 19595u + green * 38470u + blue * 7471u + new Vector<uint>(32768u)) >> 16;
    }

    /// <summary>base + factor·(value − base) in float32, clipped to a byte and truncated, as Pillow's <c>Image.blend</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<uint> Blend(Vector<float> from, Vector<float> factor, Vector<uint> value)
    {
        Vector<float> blended = from + factor * (Vector.ConvertToSingle(Vector.AsVectorInt32(value)) - from);
        blended = Vector.MinNative(Vector.MaxNative(blended, Vector<float>.Zero), new Vector<float>(255f));
        return Vector.AsVectorUInt32(Vector.ConvertToInt32Native(blended));
    }
}
