using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Diptych.Views.Kernels;

/// <summary>Blends with one gray: the image's mean luma, rounded.</summary>
internal readonly struct Contrast(double factor, int gray) : IPixelMap
{
    private readonly Vector<float> _factor = new((float)factor), _gray = new(gray);

    /// <summary>Blends an image with its own mean luma.</summary>
    public static void Apply(Span<byte> rgbx, double factor) => PixelMap.Apply(rgbx, new Contrast(factor, MeanLuma(rgbx)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<uint> Map(Vector<uint> pixels)
    {
        var (red, green, blue) = Channels.Split(pixels);
        return Channels.Join(Channels.Blend(_gray, _factor, red), Channels.Blend(_gray, _factor, green), Channels.Blend(_gray, _factor, blue));
    }

    private static int MeanLuma(ReadOnlySpan<byte> rgbx)
    {
        ReadOnlySpan<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgbx);
        ref uint first = ref MemoryMarshal.GetReference(pixels);
        int count = pixels.Length, width = Vector<uint>.Count, i = 0;
        ulong sum = 0;
        while (i + width <= count)
        {
            // 2^16 lumas of at most 255 fit a lane.
            var lanes = Vector<uint>.Zero;
            for (int end = (int)Math.Min(i + 65536L * width, count); i + width <= end; i += width)
                lanes += Channels.Luma(Vector.LoadUnsafe(ref first, (nuint)i));
            for (int lane = 0; lane < width; lane++)
                sum += lanes[lane];
        }
        for (; i < count; i++)
            sum += Channels.Luma(new Vector<uint>(pixels[i]))[0];
        return (int)((double)sum / count + 0.5);
    }
}
