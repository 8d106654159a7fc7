using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Inverts every value from the threshold up, as Pillow's <c>ImageOps.solarize</c>.</summary>
internal readonly struct Solarize(int threshold) : IPixelMap
{
    private readonly Vector<byte> _threshold = new((byte)threshold);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<uint> Map(Vector<uint> pixels)
    {
        Vector<byte> values = Vector.AsVectorByte(pixels);
        Vector<byte> solarized = Vector.ConditionalSelect(Vector.LessThan(values, _threshold), values, ~values);
        return Vector.AsVectorUInt32(solarized) | new Vector<uint>(0xFF000000u);
    }
}
