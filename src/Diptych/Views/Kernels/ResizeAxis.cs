using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>For every output column or row: which inputs it is made of, and their weights in 22-bit fixed point. Reused from image to image.</summary>
/// <remarks>Source: the method of Pillow's resize: the filter's triangle or cubic is stretched by the reduction, so every input counts.</remarks>
internal sealed class ResizeAxis
{
    /// <summary>Fraction bits of a weight: 8 bits of value and 2 of headroom leave 22 of 32.</summary>
    public const int WeightBits = 22;

    private int[] _starts = [], _weights = [];
    private double[] _exact = [];

    /// <summary>Inputs an output has room for.</summary>
    public int Taps { get; private set; }

    /// <summary>The first input of each output.</summary>
    public ReadOnlySpan<int> Starts => _starts;

    /// <summary>The weights of all outputs, <see cref="Taps"/> each.</summary>
    public ReadOnlySpan<int> AllWeights => _weights;

    /// <summary>The inputs of one output that count: the first one's number, and the weights from there.</summary>
    public ReadOnlySpan<int> Weights(int output, out int start)
    {
        ReadOnlySpan<int> weights = _weights.AsSpan(output * Taps, Taps).TrimEnd(0);
        int before = weights.Length;
        weights = weights.TrimStart(0);
        start = _starts[output] + before - weights.Length;
        return weights;
    }

    /// <summary>Computes the weights for <paramref name="inputs"/> → <paramref name="outputs"/> pixels.</summary>
    /// <param name="inputs">Pixels there are.</param>
    /// <param name="outputs">Pixels wanted.</param>
    /// <param name="filter">How to weigh.</param>
    /// <param name="isMirrored">Whether the last output becomes the first.</param>
    public void Plan(int inputs, int outputs, ResizeFilter filter, bool isMirrored)
    {
        double scale = (double)inputs / outputs, stretch = Math.Max(scale, 1);
        double support = (filter == ResizeFilter.Bilinear ? 1 : 2) * stretch;
        // A window of 2·support touches one more whole number than it is long; the rest is for rounding.
        Taps = Math.Min((int)(2 * support + 1e-6) + 1, inputs);
        if (_starts.Length < outputs)
            _starts = new int[outputs];
        if (_weights.Length < outputs * Taps)
            _weights = new int[outputs * Taps];
        if (_exact.Length < (Taps + 2) * Vector<double>.Count)
            _exact = new double[(Taps + 2) * Vector<double>.Count];

        int lanes = Vector<double>.Count;
        Span<double> firsts = _exact.AsSpan(Taps * lanes, lanes), ends = _exact.AsSpan((Taps + 1) * lanes, lanes);
        for (int output = 0; output < outputs; output += lanes)
        {
            // Some outputs at a time, each in a lane; every lane computes what Pillow computes, in its order.
            Vector<double> centers = (Vector<double>.Indices + new Vector<double>(output) + new Vector<double>(0.5)) * scale;
            Vector<double> first = Vector.Floor(Vector.Max(centers - new Vector<double>(support) + new Vector<double>(0.5), Vector<double>.Zero));
            Vector<double> end = Vector.Min(Vector.Floor(centers + new Vector<double>(support) + new Vector<double>(0.5)), new Vector<double>(inputs));
            Weigh(centers, first, end, 1 / stretch, filter);
            first.CopyTo(firsts);
            end.CopyTo(ends);
            for (int lane = 0; lane < lanes && output + lane < outputs; lane++)
                Place(isMirrored ? outputs - 1 - output - lane : output + lane, lane, (int)firsts[lane], (int)ends[lane], inputs);
        }
    }

    private void Weigh(Vector<double> centers, Vector<double> first, Vector<double> end, double inverse, ResizeFilter filter)
    {
        Vector<double> sum = Vector<double>.Zero, half = new(0.5);
        for (int tap = 0; tap < Taps; tap++)
        {
            Vector<double> input = first + new Vector<double>(tap), position = (input - centers + half) * inverse;
            Vector<double> weight = filter == ResizeFilter.Bilinear ? Triangle(position) : Cubic(position);
            weight = Vector.ConditionalSelect(Vector.LessThan(input, end), weight, Vector<double>.Zero);
            sum += weight;
            weight.CopyTo(_exact, tap * Vector<double>.Count);
        }
        // Divided by one, a weight stays what it is.
        Vector<double> divisor = Vector.ConditionalSelect(Vector.Equals(sum, Vector<double>.Zero), Vector<double>.One, sum);
        for (int tap = 0; tap < Taps; tap++)
        {
            Vector<double> weight = new Vector<double>(_exact, tap * Vector<double>.Count) / divisor * (1 << WeightBits);
            (weight + Vector.ConditionalSelect(Vector.LessThan(weight, Vector<double>.Zero), -half, half)).CopyTo(_exact, tap * Vector<double>.Count);
        }
    }

    // Every output gets the same number of taps, all inside the row; those it does not need weigh 0.
    private void Place(int output, int lane, int first, int end, int inputs)
    {
        int start = Math.Min(first, inputs - Taps), shift = first - start;
        Span<int> weights = _weights.AsSpan(output * Taps, Taps);
        for (int tap = 0; tap < shift; tap++)
            weights[tap] = 0;
        for (int tap = shift; tap < weights.Length; tap++)
            weights[tap] = tap - shift < end - first ? (int)_exact[(tap - shift) * Vector<double>.Count + lane] : 0;
        _starts[output] = start;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Triangle(Vector<double> x) => Vector.Max(Vector<double>.One - Vector.Abs(x), Vector<double>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Cubic(Vector<double> x)
    {
        const double a = -0.5;
        x = Vector.Abs(x);
        Vector<double> inner = (x * (a + 2) - new Vector<double>(a + 3)) * x * x + Vector<double>.One;
        Vector<double> outer = (((x - new Vector<double>(5)) * x + new Vector<double>(8)) * x - new Vector<double>(4)) * a;
        return Vector.ConditionalSelect(Vector.LessThan(x, Vector<double>.One), inner, Vector.ConditionalSelect(Vector.LessThan(x, new Vector<double>(2)), outer, Vector<double>.Zero));
    }
}
