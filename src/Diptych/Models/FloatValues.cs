using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Models;

/// <summary>float32.</summary>
internal readonly unsafe struct FloatValues : IRowValues
{
    public static int Size => sizeof(float);

    public static int Column(int entry) => entry;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector<float> First, Vector<float> Second) Load(byte* values) =>
        (Vector.Load((float*)values), Vector.Load((float*)values + Vector<float>.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(byte* values, Vector<float> first, Vector<float> second)
    {
        first.Store((float*)values);
        second.Store((float*)values + Vector<float>.Count);
    }
}
