using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Turns a square view by quarters, counter-clockwise.</summary>
internal static unsafe class Turns
{
    /// <summary>Writes <paramref name="source"/> turned by <paramref name="count"/> quarters.</summary>
    /// <param name="source">A square view.</param>
    /// <param name="destination">Another one; takes its size.</param>
    /// <param name="count">Quarters.</param>
    public static void Apply(Planes source, Planes destination, int count)
    {
        int size = source.Width;
        destination.Resize(size, size, source.Count);
        for (int colour = 0; colour < source.Count; colour++)
        {
            byte* from = source[colour], to = destination[colour];
            // A turn is a transposition of the rows from the bottom up, or into the rows from the bottom up.
            nint last = (nint)(size - 1) * size;
            switch (count & 3)
            {
                case 1: ByteTransposer.Apply(from, size, to + last, -size, size, size); break;
                case 3: ByteTransposer.Apply(from + last, -size, to, size, size, size); break;
                default:
                    Unsafe.CopyBlockUnaligned(to, from, (uint)source.Length);
                    if ((count & 3) == 2)
                        new Span<byte>(to, source.Length).Reverse();
                    break;
            }
        }
    }
}
