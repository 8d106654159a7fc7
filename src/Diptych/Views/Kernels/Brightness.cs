using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Blends with black.</summary>
internal readonly struct Brightness(double factor) : IPixelMap
{
    private readonly Vector<float> _factor = new((float)factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<uint> Map(Vector<uint> pixels)
    {
        var (red, green, blue) = Channels.Split(pixels);
        return Channels.Join(
            Channels.Blend(Vector<float>.Zero, _factor, red),
            Channels.Blend(Vector<float>.Zero, _factor, green),
            Channels.Blend(Vector<float>.Zero, _factor, blue));
    }
}
