using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Diptych.Views.Kernels;

/// <summary>Swaps rows and columns of packed pixels, four by four where the processor can.</summary>
internal static unsafe class Transposer
{
    /// <summary>Pixel (x, y) of the source becomes pixel (y, x) of the destination.</summary>
    /// <param name="from">The source's first pixel.</param>
    /// <param name="fromPitch">Pixels from one row of the source to the next; may be negative.</param>
    /// <param name="to">The destination's first pixel.</param>
    /// <param name="toPitch">Pixels from one row of the destination to the next; may be negative.</param>
    /// <param name="width">Columns of the source.</param>
    /// <param name="height">Rows of the source.</param>
    public static void Apply(uint* from, nint fromPitch, uint* to, nint toPitch, int width, int height)
    {
        int wide = Sse2.IsSupported ? width & ~3 : 0, high = Sse2.IsSupported ? height & ~3 : 0;
        for (nint y = 0; y < high; y += 4)
        {
            uint* row = from + y * fromPitch;
            uint* column = to + y;
            for (nint x = 0; x < wide; x += 4)
                Block(row + x, fromPitch, column + x * toPitch, toPitch);
            for (nint x = wide; x < width; x++)
            {
                for (nint i = 0; i < 4; i++)
                    column[x * toPitch + i] = row[i * fromPitch + x];
            }
        }
        for (nint y = high; y < height; y++)
        {
            for (nint x = 0; x < width; x++)
                to[x * toPitch + y] = from[y * fromPitch + x];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block(uint* from, nint fromPitch, uint* to, nint toPitch)
    {
        Vector128<uint> row0 = Vector128.Load(from), row1 = Vector128.Load(from + fromPitch);
        Vector128<uint> row2 = Vector128.Load(from + 2 * fromPitch), row3 = Vector128.Load(from + 3 * fromPitch);
        Vector128<ulong> low01 = Sse2.UnpackLow(row0, row1).AsUInt64(), high01 = Sse2.UnpackHigh(row0, row1).AsUInt64();
        Vector128<ulong> low23 = Sse2.UnpackLow(row2, row3).AsUInt64(), high23 = Sse2.UnpackHigh(row2, row3).AsUInt64();
        Sse2.UnpackLow(low01, low23).AsUInt32().Store(to);
        Sse2.UnpackHigh(low01, low23).AsUInt32().Store(to + toPitch);
        Sse2.UnpackLow(high01, high23).AsUInt32().Store(to + 2 * toPitch);
        Sse2.UnpackHigh(high01, high23).AsUInt32().Store(to + 3 * toPitch);
    }
}
