using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Blends each pixel with its luma.</summary>
internal readonly struct Saturation(double factor) : IPixelMap
{
    private readonly Vector<float> _factor = new((float)factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<uint> Map(Vector<uint> pixels)
    {
        var (red, green, blue) = Channels.Split(pixels);
        var luma = Vector.ConvertToSingle(Vector.AsVectorInt32(Channels.Luma(pixels)));
        return Channels.Join(Channels.Blend(luma, _factor, red), Channels.Blend(luma, _factor, green), Channels.Blend(luma, _factor, blue));
    }
}
