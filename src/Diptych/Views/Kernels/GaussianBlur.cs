using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Diptych.Views.Kernels;

/// <summary>A true Gaussian in float32 with reflected edges, rounded to the nearest byte, as torchvision's. Holds its scratch memory.</summary>
internal sealed class GaussianBlur
{
    // Room behind a row so that its last vector may be read and written whole, at any width up to 512 bits.
    private const int Slack = 64;

    private const float NegligibleWeight = 1e-9f;

    private int _first, _end;
    private float[] _kernel = [], _padded = [], _mixed = [];

    /// <summary>Blurs an image in place.</summary>
    /// <param name="rgbx">Pixels, <c>[height, width, 4]</c>.</param>
    /// <param name="width">Columns, more than half the kernel.</param>
    /// <param name="height">Rows, more than half the kernel.</param>
    /// <param name="kernel">Width of the kernel, odd.</param>
    /// <param name="sigma">σ in pixels.</param>
    public void Apply(Span<byte> rgbx, int width, int height, int kernel, double sigma)
    {
        Plan(kernel, (float)sigma);
        int reach = kernel / 2, rowLength = width * 4, pitch = rowLength + Slack;
        if (_padded.Length < (width + 2 * reach) * 4 + Slack)
            _padded = new float[(width + 2 * reach) * 4 + Slack];
        if (_mixed.Length < height * pitch)
            _mixed = new float[height * pitch];

        for (int y = 0; y < height; y++)
        {
            Pad(rgbx.Slice(y * rowLength, rowLength), width, reach);
            MixColumns(_mixed.AsSpan(y * pitch, pitch), rowLength);
        }
        for (int y = 0; y < height; y++)
            MixRows(rgbx.Slice(y * rowLength, rowLength), y, height, pitch);
    }

    private void Plan(int kernel, float sigma)
    {
        if (_kernel.Length != kernel)
            _kernel = new float[kernel];
        float sum = 0;
        for (int tap = 0; tap < kernel; tap++)
        {
            float x = (tap - (kernel - 1) * 0.5f) / sigma;
            sum += _kernel[tap] = MathF.Exp(-0.5f * (x * x));
        }
        for (int tap = 0; tap < kernel; tap++)
            _kernel[tap] /= sum;
        // Weights that could not move a sum of bytes by a float32's last place are left out.
        _first = _kernel.AsSpan().IndexOfAnyInRange(NegligibleWeight, 1);
        _end = kernel - _first;
    }

    private void Pad(ReadOnlySpan<byte> row, int width, int reach)
    {
        Span<float> padded = _padded;
        for (int i = 0; i < row.Length; i++)
            padded[reach * 4 + i] = row[i];
        for (int x = 0; x < reach; x++)
        {
            padded.Slice((2 * reach - x) * 4, 4).CopyTo(padded[(x * 4)..]);
            padded.Slice((reach + width - 2 - x) * 4, 4).CopyTo(padded[((reach + width + x) * 4)..]);
        }
    }

    private void MixColumns(Span<float> result, int rowLength)
    {
        int width = Vector<float>.Count;
        ref float padded = ref MemoryMarshal.GetArrayDataReference(_padded);
        ref float output = ref MemoryMarshal.GetReference(result);
        for (int i = 0; i < rowLength; i += 4 * width)
        {
            Vector<float> sum0 = Vector<float>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
            for (int tap = _first; tap < _end; tap++)
            {
                ref float input = ref Unsafe.Add(ref padded, i + tap * 4);
                var weight = new Vector<float>(_kernel[tap]);
                sum0 += Vector.LoadUnsafe(ref input) * weight;
                sum1 += Vector.LoadUnsafe(ref input, (nuint)width) * weight;
                sum2 += Vector.LoadUnsafe(ref input, (nuint)(2 * width)) * weight;
                sum3 += Vector.LoadUnsafe(ref input, (nuint)(3 * width)) * weight;
            }
            sum0.StoreUnsafe(ref output, (nuint)i);
            sum1.StoreUnsafe(ref output, (nuint)(i + width));
            sum2.StoreUnsafe(ref output, (nuint)(i + 2 * width));
            sum3.StoreUnsafe(ref output, (nuint)(i + 3 * width));
        }
    }

    private void MixRows(Span<byte> result, int y, int height, int pitch)
    {
        int reach = _kernel.Length / 2;
        Span<byte> last = stackalloc byte[Vector<byte>.Count];
        for (int column = 0; column < result.Length; column += Vector<byte>.Count)
        {
            Vector<float> sum0 = Vector<float>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
            for (int tap = _first; tap < _end; tap++)
            {
                ref float row = ref _mixed[Reflect(y + tap - reach, height) * pitch + column];
                var weight = new Vector<float>(_kernel[tap]);
                sum0 += Vector.LoadUnsafe(ref row) * weight;
                sum1 += Vector.LoadUnsafe(ref row, (nuint)Vector<float>.Count) * weight;
                sum2 += Vector.LoadUnsafe(ref row, (nuint)(2 * Vector<float>.Count)) * weight;
                sum3 += Vector.LoadUnsafe(ref row, (nuint)(3 * Vector<float>.Count)) * weight;
            }
            Vector<byte> bytes = Vector.Narrow(Vector.Narrow(ToByte(sum0), ToByte(sum1)), Vector.Narrow(ToByte(sum2), ToByte(sum3)));
            Span<byte> rest = result[column..];
            if (rest.Length >= Vector<byte>.Count)
            {
                bytes.CopyTo(rest);
                continue;
            }
            bytes.CopyTo(last);
            last[..rest.Length].CopyTo(rest);
        }
    }

    private static int Reflect(int row, int height) => row < 0 ? -row : row >= height ? 2 * height - 2 - row : row;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> ToByte(Vector<float> sum) => Vector.AsVectorUInt32(Vector.ConvertToInt32Native(Vector.Round(sum)));
}
