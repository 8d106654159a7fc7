using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diptych.Models;

/// <summary>float32.</summary>
internal readonly unsafe struct FloatValues : IRowValues
{
    public static int Size => sizeof(float);

    public static int Column(int entry) => entry;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<float> First, Vector256<float> Second) Load(byte* values) =>
        (Vector256.Load((float*)values), Vector256.Load((float*)values + Vector256<float>.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(byte* values, Vector256<float> first, Vector256<float> second)
    {
        first.Store((float*)values);
        second.Store((float*)values + Vector256<float>.Count);
    }
}
