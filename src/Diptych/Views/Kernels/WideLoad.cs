using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Diptych.Views.Kernels;

/// <summary>Bytes as 32-bit lanes: one instruction where the processor has it, at any vector width.</summary>
internal static unsafe class WideLoad
{
    /// <summary>The next bytes, one a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<int> Ints(byte* bytes)
    {
        if (Vector<int>.Count == 16 && Avx512F.IsSupported)
            return Avx512F.ConvertToVector512Int32(Vector128.Load(bytes)).AsVector();
        if (Vector<int>.Count == 8 && Avx2.IsSupported)
            return Avx2.ConvertToVector256Int32(bytes).AsVector();
        if (Vector<int>.Count == 4 && Sse41.IsSupported)
            return Sse41.ConvertToVector128Int32(bytes).AsVector();
        if (Vector<int>.Count == 4)
            return Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(bytes)).AsByte())).AsInt32().AsVector();
        return Single(bytes);
    }

    // No processor of today comes here.
    private static Vector<int> Single(byte* bytes)
    {
        Span<int> lanes = stackalloc int[Vector<int>.Count];
        for (int lane = 0; lane < lanes.Length; lane++)
            lanes[lane] = bytes[lane];
        return new Vector<int>(lanes);
    }

    /// <summary>Four vectors of whole numbers from 0 to 255 as bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<byte> Narrow(Vector<int> v0, Vector<int> v1, Vector<int> v2, Vector<int> v3) => Vector.Narrow(
        Vector.Narrow(Vector.AsVectorUInt32(v0), Vector.AsVectorUInt32(v1)), Vector.Narrow(Vector.AsVectorUInt32(v2), Vector.AsVectorUInt32(v3)));
}
