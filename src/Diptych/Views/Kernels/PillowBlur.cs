using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Diptych.Views.Kernels;

/// <summary>A Gaussian approximated by three box passes each way, with a fractional box and repeated edges, as Pillow's. Holds its scratch memory.</summary>
/// <remarks>Source: Gwosdek et al., "Theoretical foundations of Gaussian convolution by extended box filtering", SSVM 2011.</remarks>
internal sealed class PillowBlur
{
    private const int Passes = 3, WeightBits = 24;

    private byte[] _first = [], _second = [];

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

        Transpose(rgbx, width * 4, _first, turnedPitch, width, height);
        Blur(width, turnedPitch);
        Transpose(_first, turnedPitch, _second, pitch, height, width);
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

    // Down every column: a running sum of 2·radius + 1 rows, and the two rows beyond it by their share.
    private static void BoxPass(byte[] source, byte[] destination, int rows, int pitch, int radius, uint inner, uint outer)
    {
        Vector<uint> innerWeight = new(inner), outerWeight = new(outer);
        for (int column = 0; column < pitch; column += Vector<byte>.Count)
        {
            Vector<uint> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
            // The window that ends just before the image's first row.
            for (int row = -radius - 1; row < radius; row++)
            {
                var (v0, v1, v2, v3) = Load(source, row, rows, pitch, column);
                (sum0, sum1, sum2, sum3) = (sum0 + v0, sum1 + v1, sum2 + v2, sum3 + v3);
            }
            for (int row = 0; row < rows; row++)
            {
                var (in0, in1, in2, in3) = Load(source, row + radius, rows, pitch, column);
                var (out0, out1, out2, out3) = Load(source, row - radius - 1, rows, pitch, column);
                var (far0, far1, far2, far3) = Load(source, row + radius + 1, rows, pitch, column);
                (sum0, sum1, sum2, sum3) = (sum0 + in0 - out0, sum1 + in1 - out1, sum2 + in2 - out2, sum3 + in3 - out3);
                Vector<byte> bytes = Vector.Narrow(
                    Vector.Narrow(Mix(sum0, out0 + far0), Mix(sum1, out1 + far1)),
                    Vector.Narrow(Mix(sum2, out2 + far2), Mix(sum3, out3 + far3)));
                bytes.CopyTo(destination, row * pitch + column);
            }
        }

        Vector<uint> Mix(Vector<uint> window, Vector<uint> edges) =>
            (window * innerWeight + edges * outerWeight + new Vector<uint>(1u << (WeightBits - 1))) >> WeightBits;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector<uint>, Vector<uint>, Vector<uint>, Vector<uint>) Load(byte[] source, int row, int rows, int pitch, int column)
    {
        Vector.Widen(new Vector<byte>(source, Math.Clamp(row, 0, rows - 1) * pitch + column), out Vector<ushort> low, out Vector<ushort> high);
        Vector.Widen(low, out Vector<uint> v0, out Vector<uint> v1);
        Vector.Widen(high, out Vector<uint> v2, out Vector<uint> v3);
        return (v0, v1, v2, v3);
    }

    private static void Transpose(ReadOnlySpan<byte> source, int pitch, Span<byte> destination, int destinationPitch, int width, int height)
    {
        ReadOnlySpan<uint> from = MemoryMarshal.Cast<byte, uint>(source);
        Span<uint> to = MemoryMarshal.Cast<byte, uint>(destination);
        for (int x = 0; x < width; x++)
        {
            Span<uint> row = to.Slice(x * (destinationPitch / 4), height);
            for (int y = 0; y < height; y++)
                row[y] = from[y * (pitch / 4) + x];
        }
    }

    private static int RoundUp(int bytes) => (bytes + 63) & ~63;
}
