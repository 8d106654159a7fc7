using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Diptych.Views.Kernels;

/// <summary>Bytes as 32-bit lanes and back: few instructions where the processor has them, at any vector width.</summary>
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

    /// <summary>The next bytes as float32, one a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Floats(byte* bytes) => Vector.ConvertToSingle(Ints(bytes));

    // No processor of today comes here.
    private static Vector<int> Single(byte* bytes)
    {
        Span<int> lanes = stackalloc int[Vector<int>.Count];
        for (int lane = 0; lane < lanes.Length; lane++)
            lanes[lane] = bytes[lane];
        return new Vector<int>(lanes);
    }

    /// <summary>Four vectors of whole numbers as bytes: below 0 becomes 0, above 255 becomes 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<byte> Pack(Vector<int> v0, Vector<int> v1, Vector<int> v2, Vector<int> v3)
    {
        if (Vector<int>.Count == 16 && Avx512BW.IsSupported)
        {
            Vector512<short> low = Avx512BW.PackSignedSaturate(v0.AsVector512(), v1.AsVector512()), high = Avx512BW.PackSignedSaturate(v2.AsVector512(), v3.AsVector512());
            return Avx512F.PermuteVar16x32(Avx512BW.PackUnsignedSaturate(low, high).AsInt32(), Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)).AsByte().AsVector();
        }
        if (Vector<int>.Count == 8 && Avx2.IsSupported)
        {
            Vector256<short> low = Avx2.PackSignedSaturate(v0.AsVector256(), v1.AsVector256()), high = Avx2.PackSignedSaturate(v2.AsVector256(), v3.AsVector256());
            return Avx2.PermuteVar8x32(Avx2.PackUnsignedSaturate(low, high).AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsByte().AsVector();
        }
        if (Vector<int>.Count == 4 && Sse2.IsSupported)
        {
            Vector128<short> low = Sse2.PackSignedSaturate(v0.AsVector128(), v1.AsVector128()), high = Sse2.PackSignedSaturate(v2.AsVector128(), v3.AsVector128());
            return Sse2.PackUnsignedSaturate(low, high).AsVector();
        }
        return Vector.Narrow(Vector.Narrow(ToByte(v0), ToByte(v1)), Vector.Narrow(ToByte(v2), ToByte(v3)));
    }

    /// <summary>Writes one byte a lane: below 0 becomes 0, above 255 becomes 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePacked(Vector<int> values, byte* bytes)
    {
        if (Vector<int>.Count == 8 && Avx2.IsSupported)
        {
            Vector128<short> words = Sse2.PackSignedSaturate(values.AsVector256().GetLower(), values.AsVector256().GetUpper());
            Unsafe.WriteUnaligned(bytes, Sse2.PackUnsignedSaturate(words, words).AsUInt64().ToScalar());
            return;
        }
        Vector<byte> packed = Pack(values, values, values, values);
        if (Vector<int>.Count == 16)
            packed.AsVector512().GetLower().GetLower().Store(bytes);
        else
            Unsafe.CopyBlockUnaligned(bytes, &packed, (uint)Vector<int>.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> ToByte(Vector<int> values) => Vector.AsVectorUInt32(Vector.Min(Vector.Max(values, Vector<int>.Zero), new Vector<int>(255)));
}
