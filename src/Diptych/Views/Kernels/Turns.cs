using System.Runtime.InteropServices;

namespace Diptych.Views.Kernels;

/// <summary>Turns a square image by quarters, counter-clockwise.</summary>
internal static class Turns
{
    /// <summary>Writes <paramref name="source"/>, <c>[size, size, 4]</c>, turned by <paramref name="count"/> quarters.</summary>
    public static void Apply(ReadOnlySpan<byte> source, Span<byte> destination, int size, int count)
    {
        ReadOnlySpan<uint> from = MemoryMarshal.Cast<byte, uint>(source)[..(size * size)];
        Span<uint> to = MemoryMarshal.Cast<byte, uint>(destination)[..(size * size)];
        switch (count & 3)
        {
            case 1:
                for (int y = 0; y < size; y++)
                {
                    for (int x = 0; x < size; x++)
                        to[y * size + x] = from[x * size + size - 1 - y];
                }
                break;
            case 3:
                for (int y = 0; y < size; y++)
                {
                    for (int x = 0; x < size; x++)
                        to[y * size + x] = from[(size - 1 - x) * size + y];
                }
                break;
            default:
                from.CopyTo(to);
                if ((count & 3) == 2)
                    to.Reverse();
                break;
        }
    }
}
