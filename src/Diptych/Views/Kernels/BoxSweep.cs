using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Three box passes down the columns in one sweep: each pass takes a row as soon as the pass before it has made it, so that nothing but the last one's rows are stored.</summary>
internal static unsafe class BoxSweep
{
    private const int Passes = 3, WeightBits = 24;

    /// <summary>Whether so many rows are enough for the windows of all passes to fill.</summary>
    public static bool CanApply<TWindow>(int height) where TWindow : struct, IBoxWindow => height >= Passes * TWindow.Reach;

    /// <summary>Blurs a plane in place.</summary>
    /// <param name="plane">Rows of <paramref name="width"/> bytes.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="inner">Weight of the rows in the box.</param>
    /// <param name="outer">Weight of the two rows beside it.</param>
    public static void Apply<TWindow>(byte* plane, int width, int height, uint inner, uint outer) where TWindow : struct, IBoxWindow
    {
        int column = 0, lanes = Vector<int>.Count;
        for (; column + lanes <= width; column += lanes)
            Sweep<TWindow>(plane + column, width, plane + column, width, height, new((int)inner), new((int)outer));
        if (column == width)
            return;
        // What is left of a row is narrower than a vector, whose other lanes belong to the next row: worked on in a place of its own.
        byte* strip = stackalloc byte[height * lanes];
        for (int row = 0; row < height; row++)
            Unsafe.CopyBlockUnaligned(strip + row * lanes, plane + (nint)row * width + column, (uint)(width - column));
        Sweep<TWindow>(strip, lanes, strip, lanes, height, new((int)inner), new((int)outer));
        for (int row = 0; row < height; row++)
            Unsafe.CopyBlockUnaligned(plane + (nint)row * width + column, strip + row * lanes, (uint)(width - column));
    }

    /// <summary>The weighted sum, rounded. Sums of 255 and weights that add up to 2²⁴ fit 32 bits without a sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<int> Weigh(Vector<int> rows, Vector<int> beside, Vector<int> inner, Vector<int> outer) =>
        (rows * inner + beside * outer + new Vector<int>(1 << (WeightBits - 1))) >>> WeightBits;

    private static void Sweep<TWindow>(byte* input, nint pitch, byte* output, nint outputPitch, int height, Vector<int> inner, Vector<int> outer)
        where TWindow : struct, IBoxWindow
    {
        TWindow first = default, second = default, third = default;
        int reach = TWindow.Reach;
        // The first rows fill the windows, one after the other.
        Vector<int> row = default, once = default, twice = default;
        for (int y = 0; y < Passes * reach; y++, input += pitch)
        {
            row = WideLoad.Ints(input);
            if (y == 0)
                first.Fill(row);
            else
                once = first.Next(row, inner, outer);
            if (y == reach)
                second.Fill(once);
            else if (y > reach)
                twice = second.Next(once, inner, outer);
            if (y == 2 * reach)
                third.Fill(twice);
            else if (y > 2 * reach)
                _ = third.Next(twice, inner, outer);
        }
        for (int y = Passes * reach; y < height; y++, input += pitch, output += outputPitch)
        {
            row = WideLoad.Ints(input);
            once = first.Next(row, inner, outer);
            twice = second.Next(once, inner, outer);
            WideLoad.StorePacked(third.Next(twice, inner, outer), output);
        }
        // The last row of each pass is repeated.
        for (int y = 0; y < Passes * reach; y++, output += outputPitch)
        {
            if (y < reach)
                once = first.Next(row, inner, outer);
            if (y < 2 * reach)
                twice = second.Next(once, inner, outer);
            WideLoad.StorePacked(third.Next(twice, inner, outer), output);
        }
    }
}
