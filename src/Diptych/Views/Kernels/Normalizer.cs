using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Diptych.Views.Kernels;

/// <summary>Bytes to what the network sees: (value/255 − mean)/deviation in float32, from a table.</summary>
internal sealed class Normalizer
{
    private readonly float[] _red, _green, _blue;

    /// <summary>Fills the tables.</summary>
    public Normalizer(Rgb mean, Rgb deviation)
    {
        (Mean, Deviation) = (mean, deviation);
        _red = Table(0);
        _green = Table(1);
        _blue = Table(2);

        float[] Table(int channel)
        {
            float[] table = new float[256];
            for (int value = 0; value < 256; value++)
                table[value] = (value / 255f - mean[channel]) / deviation[channel];
            return table;
        }
    }

    /// <summary>Subtracted from each channel.</summary>
    public Rgb Mean { get; }

    /// <summary>Divides each channel.</summary>
    public Rgb Deviation { get; }

    /// <summary>Writes <c>[pixels, 4]</c> bytes as <c>[pixels, channels]</c> floats: all three, or the first alone.</summary>
    public void Apply(ReadOnlySpan<byte> rgbx, Span<float> values, int channels)
    {
        ReadOnlySpan<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgbx);
        if (channels == 1)
        {
            for (int pixel = 0; pixel < pixels.Length; pixel++)
                values[pixel] = _red[(byte)pixels[pixel]];
            return;
        }
        ref float red = ref MemoryMarshal.GetArrayDataReference(_red);
        ref float green = ref MemoryMarshal.GetArrayDataReference(_green);
        ref float blue = ref MemoryMarshal.GetArrayDataReference(_blue);
        ref float value = ref MemoryMarshal.GetReference(values[..(pixels.Length * 3)]);
        foreach (uint pixel in pixels)
        {
            value = Unsafe.Add(ref red, (int)(byte)pixel);
            Unsafe.Add(ref value, 1) = Unsafe.Add(ref green, (int)(byte)(pixel >> 8));
            Unsafe.Add(ref value, 2) = Unsafe.Add(ref blue, (int)(byte)(pixel >> 16));
            value = ref Unsafe.Add(ref value, 3);
        }
    }
}
