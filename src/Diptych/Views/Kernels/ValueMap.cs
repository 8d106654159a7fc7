using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Diptych.Views.Kernels;

/// <summary>Runs an <see cref="IValueMap"/> over a view.</summary>
internal static unsafe class ValueMap
{
    /// <summary>Maps every value in place; lanes do not meet, so the width of a vector changes nothing.</summary>
    /// <remarks>With AVX-512 the map is applied to the 256 values there are, and then looked up.</remarks>
    public static void Apply<TMap>(Planes view, TMap map) where TMap : struct, IValueMap
    {
        byte* table = stackalloc byte[256 + Planes.Slack];
        if (Avx512Vbmi.IsSupported)
        {
            for (int value = 0; value < 256; value++)
                table[value] = (byte)value;
            Run(table, 256, map);
        }
        for (int colour = 0; colour < view.Count; colour++)
        {
            if (Avx512Vbmi.IsSupported)
                LookUp(view[colour], view.Length, table);
            else
                Run(view[colour], view.Length, map);
        }
    }

    private static void Run<TMap>(byte* values, int length, TMap map) where TMap : struct, IValueMap
    {
        for (int i = 0; i < length; i += Vector<byte>.Count)
            map.Map(values + i);
    }

    // Two permutations choose among 128 values each; the highest bit chooses between them.
    private static void LookUp(byte* values, int length, byte* table)
    {
        Vector512<byte> t0 = Vector512.Load(table), t1 = Vector512.Load(table + 64), t2 = Vector512.Load(table + 128), t3 = Vector512.Load(table + 192);
        for (int i = 0; i < length; i += 64)
        {
            Vector512<byte> value = Vector512.Load(values + i);
            Vector512<byte> low = Avx512Vbmi.PermuteVar64x8x2(t0, value, t1), high = Avx512Vbmi.PermuteVar64x8x2(t2, value, t3);
            Vector512.ConditionalSelect(Vector512.LessThan(value.AsSByte(), Vector512<sbyte>.Zero).AsByte(), high, low).Store(values + i);
        }
    }
}
