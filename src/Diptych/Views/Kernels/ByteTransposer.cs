using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Diptych.Views.Kernels;

/// <summary>Swaps rows and columns of bytes, sixteen by sixteen where the processor can.</summary>
internal static unsafe class ByteTransposer
{
    private const int Side = 16;

    /// <summary>Byte (x, y) of the source becomes byte (y, x) of the destination.</summary>
    /// <param name="from">The source's first byte.</param>
    /// <param name="fromPitch">Bytes from one row of the source to the next; may be negative.</param>
    /// <param name="to">The destination's first byte.</param>
    /// <param name="toPitch">Bytes from one row of the destination to the next; may be negative.</param>
    /// <param name="width">Columns of the source.</param>
    /// <param name="height">Rows of the source.</param>
    public static void Apply(byte* from, nint fromPitch, byte* to, nint toPitch, int width, int height)
    {
        int wide = Sse2.IsSupported ? width & -Side : 0, high = Sse2.IsSupported ? height & -Side : 0;
        for (nint y = 0; y < high; y += Side)
        {
            byte* row = from + y * fromPitch;
            byte* column = to + y;
            for (nint x = 0; x < wide; x += Side)
                Block(row + x, fromPitch, column + x * toPitch, toPitch);
            for (nint x = wide; x < width; x++)
            {
                for (nint i = 0; i < Side; i++)
                    column[x * toPitch + i] = row[i * fromPitch + x];
            }
        }
        for (nint y = high; y < height; y++)
        {
            for (nint x = 0; x < width; x++)
                to[x * toPitch + y] = from[y * fromPitch + x];
        }
    }

    // Interleaving row i with row i + 8, four times, swaps rows and columns.
    private static void Block(byte* from, nint fromPitch, byte* to, nint toPitch)
    {
        var (a0, a1) = Interleave(from, from + 8 * fromPitch);
        var (a2, a3) = Interleave(from + fromPitch, from + 9 * fromPitch);
        var (a4, a5) = Interleave(from + 2 * fromPitch, from + 10 * fromPitch);
        var (a6, a7) = Interleave(from + 3 * fromPitch, from + 11 * fromPitch);
        var (a8, a9) = Interleave(from + 4 * fromPitch, from + 12 * fromPitch);
        var (a10, a11) = Interleave(from + 5 * fromPitch, from + 13 * fromPitch);
        var (a12, a13) = Interleave(from + 6 * fromPitch, from + 14 * fromPitch);
        var (a14, a15) = Interleave(from + 7 * fromPitch, from + 15 * fromPitch);
        var (b0, b1) = Interleave(a0, a8);
        var (b2, b3) = Interleave(a1, a9);
        var (b4, b5) = Interleave(a2, a10);
        var (b6, b7) = Interleave(a3, a11);
        var (b8, b9) = Interleave(a4, a12);
        var (b10, b11) = Interleave(a5, a13);
        var (b12, b13) = Interleave(a6, a14);
        var (b14, b15) = Interleave(a7, a15);
        (a0, a1) = Interleave(b0, b8);
        (a2, a3) = Interleave(b1, b9);
        (a4, a5) = Interleave(b2, b10);
        (a6, a7) = Interleave(b3, b11);
        (a8, a9) = Interleave(b4, b12);
        (a10, a11) = Interleave(b5, b13);
        (a12, a13) = Interleave(b6, b14);
        (a14, a15) = Interleave(b7, b15);
        Store(Interleave(a0, a8), to, toPitch);
        Store(Interleave(a1, a9), to + 2 * toPitch, toPitch);
        Store(Interleave(a2, a10), to + 4 * toPitch, toPitch);
        Store(Interleave(a3, a11), to + 6 * toPitch, toPitch);
        Store(Interleave(a4, a12), to + 8 * toPitch, toPitch);
        Store(Interleave(a5, a13), to + 10 * toPitch, toPitch);
        Store(Interleave(a6, a14), to + 12 * toPitch, toPitch);
        Store(Interleave(a7, a15), to + 14 * toPitch, toPitch);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<byte> Low, Vector128<byte> High) Interleave(byte* first, byte* second) => Interleave(Vector128.Load(first), Vector128.Load(second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<byte> Low, Vector128<byte> High) Interleave(Vector128<byte> first, Vector128<byte> second) =>
        (Sse2.UnpackLow(first, second), Sse2.UnpackHigh(first, second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store((Vector128<byte> Low, Vector128<byte> High) rows, byte* to, nint toPitch)
    {
        rows.Low.Store(to);
        rows.High.Store(to + toPitch);
    }
}
