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

    /// <summary>The weights of one output, for the inputs from its start.</summary>
    public ReadOnlySpan<int> Weights(int output) => _weights.AsSpan(output * Taps, Taps);

    /// <summary>Computes the weights for <paramref name="inputs"/> → <paramref name="outputs"/> pixels.</summary>
    public void Plan(int inputs, int outputs, ResizeFilter filter)
    {
        double scale = (double)inputs / outputs, stretch = Math.Max(scale, 1);
        double support = (filter == ResizeFilter.Bilinear ? 1 : 2) * stretch, inverse = 1 / stretch;
        // A window of 2·support touches one more whole number than it is long; the rest is for rounding.
        Taps = Math.Min((int)(2 * support + 1e-6) + 1, inputs);
        if (_starts.Length < outputs)
            _starts = new int[outputs];
        if (_weights.Length < outputs * Taps)
            _weights = new int[outputs * Taps];
        if (_exact.Length < Taps)
            _exact = new double[Taps];

        for (int output = 0; output < outputs; output++)
        {
            double center = (output + 0.5) * scale;
            int first = Math.Max((int)(center - support + 0.5), 0);
            int count = Math.Min((int)(center + support + 0.5), inputs) - first;
            double sum = 0;
            for (int tap = 0; tap < count; tap++)
            {
                double position = (tap + first - center + 0.5) * inverse;
                _exact[tap] = filter == ResizeFilter.Bilinear ? Triangle(position) : Cubic(position);
                sum += _exact[tap];
            }

            // Every output gets the same number of taps, all inside the row; those it does not need weigh 0.
            int start = Math.Min(first, inputs - Taps);
            Span<int> weights = _weights.AsSpan(output * Taps, Taps);
            weights.Clear();
            for (int tap = 0; tap < count; tap++)
            {
                double weight = (sum != 0 ? _exact[tap] / sum : _exact[tap]) * (1 << WeightBits);
                weights[first - start + tap] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }
            _starts[output] = start;
        }
    }

    private static double Triangle(double x) => Math.Max(1 - Math.Abs(x), 0);

    private static double Cubic(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        if (x < 1)
            return ((a + 2) * x - (a + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }
}
