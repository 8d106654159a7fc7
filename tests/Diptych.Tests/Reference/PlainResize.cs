using Diptych.Views;

namespace Diptych.Tests.Reference;

/// <summary>Pillow's resize of one row, one output at a time.</summary>
internal static class PlainResize
{
    /// <summary>One output value from the inputs of its row.</summary>
    public static byte Mix(int inputs, int outputs, int output, ResizeFilter filter, Func<int, byte> input)
    {
        double scale = (double)inputs / outputs, stretch = Math.Max(scale, 1), support = (filter == ResizeFilter.Bilinear ? 1 : 2) * stretch;
        double center = (output + 0.5) * scale, total = 0;
        int first = Math.Max((int)(center - support + 0.5), 0), end = Math.Min((int)(center + support + 0.5), inputs);
        double[] weights = new double[end - first];
        for (int i = first; i < end; i++)
            total += weights[i - first] = Filter((i - center + 0.5) * (1 / stretch), filter);
        long sum = 1 << 21;
        for (int i = first; i < end; i++)
        {
            double weight = weights[i - first] / total * (1 << 22);
            sum += input(i) * (long)(weight + (weight < 0 ? -0.5 : 0.5));
        }
        return (byte)Math.Clamp(sum >> 22, 0, 255);
    }

    private static double Filter(double x, ResizeFilter filter)
    {
        x = Math.Abs(x);
        if (filter == ResizeFilter.Bilinear)
            return x < 1 ? 1 - x : 0;
        return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    }
}
