using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Luma of ITU-R 601-2 in 16-bit fixed point, rounded, as Pillow's conversion to <c>L</c>.</summary>
internal static unsafe class Luma
{
    private const int Red = 19595, Green = 38470, Blue = 7471, Half = 32768, Bits = 16;

    /// <summary>The luma of a vector of pixels, a whole number.</summary>
    /// <remarks>All sums are multiples of 2⁻¹⁶ below 2⁸, so float32 holds them exactly, with multiplications and additions fused or not.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Of(Vector<float> red, Vector<float> green, Vector<float> blue) => Vector.Floor(Scaled(red, green, blue));

    /// <summary>Replaces the colours of pixels of four bytes.</summary>
    public static void Apply(ReadOnlySpan<uint> rgbx, Span<uint> gray)
    {
        int lanes = Vector<uint>.Count, pixel = 0;
        for (; pixel + lanes <= rgbx.Length; pixel += lanes)
        {
            var pixels = new Vector<uint>(rgbx[pixel..]);
            var mask = new Vector<uint>(255u);
            Vector<uint> luma = ((pixels & mask) * (uint)Red + ((pixels >> 8) & mask) * (uint)Green + ((pixels >> 16) & mask) * (uint)Blue + new Vector<uint>(Half)) >> Bits;
            (luma | (luma << 8) | (luma << 16) | new Vector<uint>(0xFF000000u)).CopyTo(gray[pixel..]);
        }
        for (; pixel < rgbx.Length; pixel++)
        {
            uint value = rgbx[pixel], luma = ((value & 255) * Red + (value >> 8 & 255) * Green + (value >> 16 & 255) * Blue + Half) >> Bits;
            gray[pixel] = luma * 0x010101 | 0xFF000000;
        }
    }

    /// <summary>The mean luma, rounded; of a gray view, that of its values.</summary>
    public static int Mean(Planes view)
    {
        byte* red = view[0], green = view[view.Count / 2], blue = view[view.Count - 1];
        int lanes = Vector<int>.Count, pixel = 0;
        long sum = 0;
        while (pixel + lanes <= view.Length)
        {
            // 2^16 lumas of at most 255 fit a lane.
            var sums = Vector<int>.Zero;
            for (int end = (int)Math.Min(pixel + 65536L * lanes, view.Length); pixel + lanes <= end; pixel += lanes)
                sums += Vector.ConvertToInt32Native(Scaled(WideLoad.Floats(red + pixel), WideLoad.Floats(green + pixel), WideLoad.Floats(blue + pixel)));
            sum += Vector.Sum(sums);
        }
        for (; pixel < view.Length; pixel++)
            sum += (red[pixel] * Red + green[pixel] * Green + blue[pixel] * Blue + Half) >> Bits;
        return (int)((double)sum / view.Length + 0.5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Scaled(Vector<float> red, Vector<float> green, Vector<float> blue)
    {
        const float unit = 1f / (1 << Bits);
        var sum = Vector.MultiplyAddEstimate(red, new Vector<float>(Red * unit), new Vector<float>(Half * unit));
        sum = Vector.MultiplyAddEstimate(green, new Vector<float>(Green * unit), sum);
        return Vector.MultiplyAddEstimate(blue, new Vector<float>(Blue * unit), sum);
    }
}
