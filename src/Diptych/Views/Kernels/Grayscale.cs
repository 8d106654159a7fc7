using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Replaces each pixel by its luma.</summary>
internal readonly unsafe struct Grayscale : IPixelMap
{
    public void Map(byte* red, byte* green, byte* blue, int length)
    {
        int lanes = Vector<int>.Count;
        for (byte* end = red + length; red < end; red += 4 * lanes, green += 4 * lanes, blue += 4 * lanes)
        {
            Vector<byte> luma = WideLoad.Pack(
                One(red, green, blue), One(red + lanes, green + lanes, blue + lanes),
                One(red + 2 * lanes, green + 2 * lanes, blue + 2 * lanes), One(red + 3 * lanes, green + 3 * lanes, blue + 3 * lanes));
            luma.Store(red);
            luma.Store(green);
            luma.Store(blue);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> One(byte* red, byte* green, byte* blue) =>
        Vector.ConvertToInt32Native(Luma.Of(WideLoad.Floats(red), WideLoad.Floats(green), WideLoad.Floats(blue)));
}
