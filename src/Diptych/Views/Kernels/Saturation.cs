using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Blends each pixel with its luma.</summary>
internal readonly unsafe struct Saturation(double factor) : IPixelMap
{
    private readonly Vector<float> _factor = new((float)factor);

    public void Map(byte* red, byte* green, byte* blue, int length)
    {
        int lanes = Vector<int>.Count;
        Vector<float> factor = _factor;
        for (byte* end = red + length; red < end; red += 4 * lanes, green += 4 * lanes, blue += 4 * lanes)
        {
            var (r0, g0, b0) = One(factor, red, green, blue);
            var (r1, g1, b1) = One(factor, red + lanes, green + lanes, blue + lanes);
            var (r2, g2, b2) = One(factor, red + 2 * lanes, green + 2 * lanes, blue + 2 * lanes);
            var (r3, g3, b3) = One(factor, red + 3 * lanes, green + 3 * lanes, blue + 3 * lanes);
            WideLoad.Pack(r0, r1, r2, r3).Store(red);
            WideLoad.Pack(g0, g1, g2, g3).Store(green);
            WideLoad.Pack(b0, b1, b2, b3).Store(blue);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector<int>, Vector<int>, Vector<int>) One(Vector<float> factor, byte* red, byte* green, byte* blue)
    {
        Vector<float> r = WideLoad.Floats(red), g = WideLoad.Floats(green), b = WideLoad.Floats(blue), luma = Luma.Of(r, g, b);
        return (Blend.One(luma, factor, r), Blend.One(luma, factor, g), Blend.One(luma, factor, b));
    }
}
