using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Inverts every value from the threshold up, as Pillow's <c>ImageOps.solarize</c>.</summary>
internal readonly unsafe struct Solarize(int threshold) : IValueMap
{
    private readonly Vector<byte> _threshold = new((byte)threshold);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Map(byte* values)
    {
        Vector<byte> value = Vector.Load(values);
        Vector.ConditionalSelect(Vector.LessThan(value, _threshold), value, ~value).Store(values);
    }
}
