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

    /// <summary>Writes <c>[pixels, 4]</c> bytes as <c>[pixels, 3]</c> floats.</summary>
    public void Apply(ReadOnlySpan<byte> rgbx, Span<float> values)
    {
        float[] red = _red, green = _green, blue = _blue;
        int count = rgbx.Length / 4;
        values = values[..(count * 3)];
        for (int pixel = 0, value = 0; value < values.Length - 2; pixel += 4, value += 3)
        {
            values[value] = red[rgbx[pixel]];
            values[value + 1] = green[rgbx[pixel + 1]];
            values[value + 2] = blue[rgbx[pixel + 2]];
        }
    }
}
