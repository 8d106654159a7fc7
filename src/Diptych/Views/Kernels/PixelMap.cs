using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Diptych.Views.Kernels;

/// <summary>Runs an <see cref="IPixelMap"/> over an image.</summary>
internal static class PixelMap
{
    /// <summary>Maps every pixel in place; lanes do not meet, so the width of a vector changes nothing.</summary>
    public static void Apply<TMap>(Span<byte> rgbx, TMap map) where TMap : struct, IPixelMap
    {
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgbx);
        ref uint first = ref MemoryMarshal.GetReference(pixels);
        int width = Vector<uint>.Count, whole = pixels.Length / width * width;
        for (int i = 0; i < whole; i += width)
            map.Map(Vector.LoadUnsafe(ref first, (nuint)i)).StoreUnsafe(ref first, (nuint)i);
        if (whole < pixels.Length)
            ApplyToRest(pixels[whole..], map);
    }

    // Apart, so that the loop above stays small enough for everything to be compiled into it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ApplyToRest<TMap>(Span<uint> pixels, TMap map) where TMap : struct, IPixelMap
    {
        Span<uint> rest = stackalloc uint[Vector<uint>.Count];
        rest.Clear();
        pixels.CopyTo(rest);
        map.Map(new Vector<uint>(rest)).CopyTo(rest);
        rest[..pixels.Length].CopyTo(pixels);
    }
}
