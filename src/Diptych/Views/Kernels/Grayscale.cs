using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Replaces each pixel by its luma.</summary>
internal readonly struct Grayscale : IPixelMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<uint> Map(Vector<uint> pixels)
    {
        Vector<uint> luma = Channels.Luma(pixels);
        return Channels.Join(luma, luma, luma);
    }
}
