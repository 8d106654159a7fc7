using System.Runtime.InteropServices;

namespace Diptych.Views.Kernels;

/// <summary>Turns a square image by quarters, counter-clockwise.</summary>
internal static unsafe class Turns
{
    /// <summary>Writes <paramref name="source"/>, <c>[size, size, 4]</c>, turned by <paramref name="count"/> quarters.</summary>
    public static void Apply(ReadOnlySpan<byte> source, Span<byte> destination, int size, int count)
    {
        ReadOnlySpan<uint> sourcePixels = MemoryMarshal.Cast<byte, uint>(source)[..(size * size)];
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(destination)[..(size * size)];
        fixed (uint* from = sourcePixels, to = pixels)
        {
            // A turn is a transposition of the rows from the bottom up, or into the rows from the bottom up.
            uint* lastFrom = from + (size - 1) * size, lastTo = to + (size - 1) * size;
            switch (count & 3)
            {
                case 1: Transposer.Apply(from, size, lastTo, -size, size, size); break;
                case 3: Transposer.Apply(lastFrom, -size, to, size, size, size); break;
                default:
                    sourcePixels.CopyTo(pixels);
                    if ((count & 3) == 2)
                        pixels.Reverse();
                    break;
            }
        }
    }
}
