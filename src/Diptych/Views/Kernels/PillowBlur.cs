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
    // The sums fit 16 bits up to a radius of 127, which a σ of 100 does not reach.
    private static void BoxPass(byte[] source, byte[] destination, int rows, int pitch, int radius, uint inner, uint outer)
    {
        Vector<uint> innerWeight = new(inner), outerWeight = new(outer), half = new(1u << (WeightBits - 1));
        ref byte input = ref MemoryMarshal.GetArrayDataReference(source);
        ref byte output = ref MemoryMarshal.GetArrayDataReference(destination);
        int last = rows - 1;
        for (int column = 0; column < pitch; column += Vector<byte>.Count)
        {
            Vector<ushort> sumLow = default, sumHigh = default;
            // The window that ends just before the image's first row.
            for (int row = -radius - 1; row < radius; row++)
            {
                Vector.Widen(Vector.LoadUnsafe(ref input, (nuint)(Math.Clamp(row, 0, last) * pitch + column)), out Vector<ushort> low, out Vector<ushort> high);
                (sumLow, sumHigh) = (sumLow + low, sumHigh + high);
            }
            for (int row = 0; row < rows; row++)
            {
                Vector.Widen(Vector.LoadUnsafe(ref input, (nuint)(Math.Min(row + radius, last) * pitch + column)), out Vector<ushort> inLow, out Vector<ushort> inHigh);
                Vector.Widen(Vector.LoadUnsafe(ref input, (nuint)(Math.Max(row - radius - 1, 0) * pitch + column)), out Vector<ushort> outLow, out Vector<ushort> outHigh);
                Vector.Widen(Vector.LoadUnsafe(ref input, (nuint)(Math.Min(row + radius + 1, last) * pitch + column)), out Vector<ushort> farLow, out Vector<ushort> farHigh);
                sumLow += inLow - outLow;
                sumHigh += inHigh - outHigh;
                Vector<byte> bytes = Vector.Narrow(
                    Mix(sumLow, outLow + farLow, innerWeight, outerWeight, half),
                    Mix(sumHigh, outHigh + farHigh, innerWeight, outerWeight, half));
                bytes.StoreUnsafe(ref output, (nuint)(row * pitch + column));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<ushort> Mix(Vector<ushort> window, Vector<ushort> edges, Vector<uint> inner, Vector<uint> outer, Vector<uint> half)
    {
        Vector.Widen(window, out Vector<uint> windowLow, out Vector<uint> windowHigh);
        Vector.Widen(edges, out Vector<uint> edgesLow, out Vector<uint> edgesHigh);
        return Vector.Narrow(
            (windowLow * inner + edgesLow * outer + half) >> WeightBits,
            (windowHigh * inner + edgesHigh * outer + half) >> WeightBits);
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
