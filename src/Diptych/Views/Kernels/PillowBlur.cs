using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>A Gaussian approximated by three box passes each way, with a fractional box and repeated edges, as Pillow's. Holds its scratch memory.</summary>
/// <remarks>Source: Gwosdek et al., "Theoretical foundations of Gaussian convolution by extended box filtering", SSVM 2011.</remarks>
internal sealed unsafe class PillowBlur
{
    private const int Passes = 3, WeightBits = 24;

    private byte[] _first = [], _second = [];
    private int[] _sums = [];

    /// <summary>Blurs an image in place.</summary>
    /// <param name="rgbx">Pixels, <c>[height, width, 4]</c>.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="sigma">σ in pixels.</param>
    public void Apply(Span<byte> rgbx, int width, int height, double sigma)
    {
        float box = BoxRadius((float)sigma);
        int radius = (int)box;
        uint inner = (uint)((1 << WeightBits) / (box * 2 + 1));
        uint outer = ((1u << WeightBits) - (uint)(radius * 2 + 1) * inner) / 2;

        // A row's end is rounded up to whole vectors of any width, so no pass has a remainder.
        int pitch = RoundUp(width * 4), turnedPitch = RoundUp(height * 4), length = Math.Max(height * pitch, width * turnedPitch);
        if (_first.Length < length)
            (_first, _second) = (new byte[length], new byte[length]);

        fixed (byte* from = rgbx, to = _first)
            Transposer.Apply((uint*)from, width, (uint*)to, turnedPitch / 4, width, height);
        Blur(width, turnedPitch);
        fixed (byte* from = _first, to = _second)
            Transposer.Apply((uint*)from, turnedPitch / 4, (uint*)to, pitch / 4, height, width);
        (_first, _second) = (_second, _first);
        Blur(height, pitch);
        for (int y = 0; y < height; y++)
            _first.AsSpan(y * pitch, width * 4).CopyTo(rgbx[(y * width * 4)..]);

        void Blur(int rows, int rowPitch)
        {
            for (int pass = 0; pass < Passes; pass++)
            {
                BoxPass(_first, _second, rows, rowPitch, radius, inner, outer);
                (_first, _second) = (_second, _first);
            }
        }
    }

    // In float32 as Pillow, but for the square root and the sums that C does in double.
    private static float BoxRadius(float sigma)
    {
        float variance = sigma * sigma / Passes;
        float length = (float)Math.Sqrt(12.0 * variance + 1.0);
        float whole = (float)Math.Floor((length - 1.0) / 2.0);
        float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
        part /= 6 * (variance - (whole + 1) * (whole + 1));
        return whole + part;
    }

    // Down all columns at once: running sums of 2·radius + 1 rows, and the two rows beyond them by their share.
    private void BoxPass(byte[] source, byte[] destination, int rows, int pitch, int radius, uint inner, uint outer)
    {
        Vector<int> innerWeight = new((int)inner), outerWeight = new((int)outer);
        int last = rows - 1, lanes = Vector<int>.Count;
        if (_sums.Length < pitch)
            _sums = new int[pitch];
        Array.Clear(_sums);
        fixed (byte* input = source, output = destination)
        fixed (int* sums = _sums)
        {
            // The window that ends just before the image's first row.
            for (int row = -radius - 1; row < radius; row++)
            {
                byte* entering = input + Math.Clamp(row, 0, last) * pitch;
                for (int column = 0; column < pitch; column += lanes)
                    (Vector.Load(sums + column) + WideLoad.Ints(entering + column)).Store(sums + column);
            }
            for (int row = 0; row < rows; row++)
            {
                byte* entering = input + Math.Min(row + radius, last) * pitch;
                byte* leaving = input + Math.Max(row - radius - 1, 0) * pitch;
                byte* beyond = input + Math.Min(row + radius + 1, last) * pitch;
                for (int column = 0; column < pitch; column += 4 * lanes)
                {
                    int c1 = column + lanes, c2 = c1 + lanes, c3 = c2 + lanes;
                    WideLoad.Narrow(
                        Step(sums + column, entering + column, leaving + column, beyond + column, innerWeight, outerWeight),
                        Step(sums + c1, entering + c1, leaving + c1, beyond + c1, innerWeight, outerWeight),
                        Step(sums + c2, entering + c2, leaving + c2, beyond + c2, innerWeight, outerWeight),
                        Step(sums + c3, entering + c3, leaving + c3, beyond + c3, innerWeight, outerWeight))
                        .Store(output + row * pitch + column);
                }
            }
        }
    }

    // Sums of 255 and weights that add up to 2^24 fit 32 bits without a sign.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Step(int* sums, byte* entering, byte* leaving, byte* beyond, Vector<int> inner, Vector<int> outer)
    {
        Vector<int> left = WideLoad.Ints(leaving), sum = Vector.Load(sums) + WideLoad.Ints(entering) - left;
        sum.Store(sums);
        return (sum * inner + (left + WideLoad.Ints(beyond)) * outer + new Vector<int>(1 << (WeightBits - 1))) >>> WeightBits;
    }

    private static int RoundUp(int bytes) => (bytes + 63) & ~63;
}
