using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Diptych.Views.Kernels;

/// <summary>Bytes to what the network sees: (value/255 − mean)/deviation in float32, to the last bit.</summary>
/// <remarks>
/// A quotient is found by multiplying with the reciprocal and correcting with what is left over, which fused multiplications know
/// exactly (Markstein, 1990). Whether that gives every byte's float is tried when the normalizer is made; where not, a table is read.
/// </remarks>
internal sealed unsafe class Normalizer
{
    // More values than this, 16 MiB, leave the caches before they are read; written past them, their memory is not read first.
    private const int CachedValues = 1 << 22;

    private readonly float[] _table;
    private readonly float[] _means, _deviations, _reciprocals;
    private readonly int _channels;
    private readonly bool _isComputed;

    /// <summary>Prepares for pixels of so many channels: 3, or 1, which takes the first mean and deviation.</summary>
    public Normalizer(Rgb mean, Rgb deviation, int channels)
    {
        _channels = channels;
        _table = new float[256 * channels];
        for (int at = 0; at < _table.Length; at++)
            _table[at] = (at / channels / 255f - mean[at % channels]) / deviation[at % channels];

        // Three vectors, after which the channels come round again.
        int period = 3 * Vector<float>.Count;
        (_means, _deviations, _reciprocals) = (new float[period], new float[period], new float[period]);
        for (int at = 0; at < period; at++)
            (_means[at], _deviations[at], _reciprocals[at]) = (mean[at % channels], deviation[at % channels], 1 / deviation[at % channels]);
        _isComputed = (Fma.IsSupported || AdvSimd.IsSupported) && IsExact();
    }

    /// <summary>Writes <c>[pixels, channels]</c> bytes as floats of the same shape.</summary>
    public void Apply(ReadOnlySpan<byte> pixels, Span<float> values)
    {
        values = values[..pixels.Length];
        int done = _isComputed ? Compute(pixels, values) : 0;
        fixed (byte* bytes = pixels)
        fixed (float* table = _table, output = values)
        {
            for (int channel = 0; channel < _channels; channel++)
            {
                for (int at = done + channel; at < pixels.Length; at += _channels)
                    output[at] = table[bytes[at] * _channels + channel];
            }
        }
    }

    // Whole periods; returns how many values that were.
    private int Compute(ReadOnlySpan<byte> pixels, Span<float> values)
    {
        int lanes = Vector<float>.Count, period = 3 * lanes, at = 0;
        var means = (new Vector<float>(_means), new Vector<float>(_means, lanes), new Vector<float>(_means, 2 * lanes));
        var deviations = (new Vector<float>(_deviations), new Vector<float>(_deviations, lanes), new Vector<float>(_deviations, 2 * lanes));
        var reciprocals = (new Vector<float>(_reciprocals), new Vector<float>(_reciprocals, lanes), new Vector<float>(_reciprocals, 2 * lanes));
        fixed (byte* bytes = pixels)
        fixed (float* output = values)
        {
            if (pixels.Length > CachedValues && (nint)output % (lanes * sizeof(float)) == 0)
            {
                for (; at + period <= pixels.Length; at += period)
                {
                    One(bytes + at, means.Item1, deviations.Item1, reciprocals.Item1).StoreAlignedNonTemporal(output + at);
                    One(bytes + at + lanes, means.Item2, deviations.Item2, reciprocals.Item2).StoreAlignedNonTemporal(output + at + lanes);
                    One(bytes + at + 2 * lanes, means.Item3, deviations.Item3, reciprocals.Item3).StoreAlignedNonTemporal(output + at + 2 * lanes);
                }
                Thread.MemoryBarrier(); // such stores keep no order by themselves
                return at;
            }
            for (; at + period <= pixels.Length; at += period)
            {
                One(bytes + at, means.Item1, deviations.Item1, reciprocals.Item1).Store(output + at);
                One(bytes + at + lanes, means.Item2, deviations.Item2, reciprocals.Item2).Store(output + at + lanes);
                One(bytes + at + 2 * lanes, means.Item3, deviations.Item3, reciprocals.Item3).Store(output + at + 2 * lanes);
            }
        }
        return at;
    }

    private bool IsExact()
    {
        byte[] pixels = new byte[256 * 3 * Vector<float>.Count];
        float[] values = new float[pixels.Length];
        for (int at = 0; at < pixels.Length; at++)
            pixels[at] = (byte)(at / (3 * Vector<float>.Count));
        Compute(pixels, values);
        for (int at = 0; at < pixels.Length; at++)
        {
            if (BitConverter.SingleToInt32Bits(values[at]) != BitConverter.SingleToInt32Bits(_table[pixels[at] * _channels + at % _channels]))
                return false;
        }
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> One(byte* bytes, Vector<float> mean, Vector<float> deviation, Vector<float> reciprocal) =>
        Quotient(Quotient(WideLoad.Floats(bytes), new Vector<float>(255), new Vector<float>(1 / 255f)) - mean, deviation, reciprocal);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Quotient(Vector<float> value, Vector<float> divisor, Vector<float> reciprocal)
    {
        Vector<float> quotient = value * reciprocal;
        return Vector.FusedMultiplyAdd(Vector.FusedMultiplyAdd(-quotient, divisor, value), reciprocal, quotient);
    }
}
