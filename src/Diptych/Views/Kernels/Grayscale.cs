using System.Numerics;

namespace Diptych.Views.Kernels;

/// <summary>Replaces each pixel by its luma.</summary>
internal readonly struct Grayscale : IPixelMap
{
    public Vector<uint> Map(Vector<uint> pixels)
    {
        Vector<uint> luma = Channels.Luma(pixels);
        return Channels.Join(luma, luma, luma);
    }
}
