using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Blends every value with one gray: with 0 for brightness, with the view's mean luma for contrast.</summary>
internal readonly unsafe struct Blend(double factor, int gray) : IValueMap
{
    private readonly Vector<float> _factor = new((float)factor), _gray = new(gray);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Map(byte* values)
    {
        int lanes = Vector<int>.Count;
        WideLoad.Pack(One(_gray, _factor, values), One(_gray, _factor, values + lanes), One(_gray, _factor, values + 2 * lanes), One(_gray, _factor, values + 3 * lanes))
            .Store(values);
    }

    /// <summary>from + factor·(value − from) in float32, truncated; <see cref="WideLoad.Pack"/> clips it. As Pillow's <c>Image.blend</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<int> One(Vector<float> from, Vector<float> factor, Vector<float> value) => Vector.ConvertToInt32Native(from + factor * (value - from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> One(Vector<float> from, Vector<float> factor, byte* values) => One(from, factor, WideLoad.Floats(values));
}
