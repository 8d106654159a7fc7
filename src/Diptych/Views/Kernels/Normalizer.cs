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

    /// <summary>Writes <c>[pixels, channels]</c> bytes as floats of the same shape.</summary>
    public void Apply(ReadOnlySpan<byte> pixels, Span<float> values, int channels)
    {
        values = values[..pixels.Length];
        if (channels == 1)
        {
            for (int pixel = 0; pixel < pixels.Length; pixel++)
                values[pixel] = _red[pixels[pixel]];
            return;
        }
        ref float red = ref MemoryMarshal.GetArrayDataReference(_red);
        ref float green = ref MemoryMarshal.GetArrayDataReference(_green);
        ref float blue = ref MemoryMarshal.GetArrayDataReference(_blue);
        ref byte pixelBytes = ref MemoryMarshal.GetReference(pixels);
        ref float value = ref MemoryMarshal.GetReference(values);
        for (int i = 0; i + 3 <= pixels.Length; i += 3)
        {
            Unsafe.Add(ref value, i) = Unsafe.Add(ref red, (int)Unsafe.Add(ref pixelBytes, i));
            Unsafe.Add(ref value, i + 1) = Unsafe.Add(ref green, (int)Unsafe.Add(ref pixelBytes, i + 1));
            Unsafe.Add(ref value, i + 2) = Unsafe.Add(ref blue, (int)Unsafe.Add(ref pixelBytes, i + 2));
        }
    }
}
