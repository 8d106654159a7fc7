using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>A true Gaussian in float32 with reflected edges, rounded to the nearest byte, as torchvision's. Holds its scratch memory.</summary>
/// <remarks>Multiplications and additions are fused, with the hardware or without, so that every machine gives the same bytes.</remarks>
internal sealed unsafe class GaussianBlur
{
    // Room behind a row so that its last vector may be read and written whole, at any width up to 512 bits.
    private const int Slack = 64;

    private const int Strip = 256;

    private const float NegligibleWeight = 1e-7f;

    private int _first, _end;
    private float[] _kernel = [], _padded = [], _mixed = [];
    private int[] _rows = [];

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
        // In strips, so that the rows under the kernel stay in the nearest cache.
        for (int left = 0; left < rowLength; left += Strip)
        {
            for (int y = 0; y < height; y++)
                MixRows(rgbx.Slice(y * rowLength + left, Math.Min(Strip, rowLength - left)), left, y, height, pitch);
        }
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
        // Weights that could not move a sum of bytes by a ten-thousandth of a level are left out.
        _first = _kernel.AsSpan().IndexOfAnyInRange(NegligibleWeight, 1);
        _end = kernel - _first;
    }

    private void Pad(ReadOnlySpan<byte> row, int width, int reach)
    {
        Span<float> padded = _padded;
        int whole = row.Length / Vector<int>.Count * Vector<int>.Count;
        fixed (byte* input = row)
        fixed (float* output = padded[(reach * 4)..])
        {
            for (int i = 0; i < whole; i += Vector<int>.Count)
                Vector.ConvertToSingle(WideLoad.Ints(input + i)).Store(output + i);
            for (int i = whole; i < row.Length; i++)
                output[i] = input[i];
        }
        for (int x = 0; x < reach; x++)
        {
            padded.Slice((2 * reach - x) * 4, 4).CopyTo(padded[(x * 4)..]);
            padded.Slice((reach + width - 2 - x) * 4, 4).CopyTo(padded[((reach + width + x) * 4)..]);
        }
    }

    private void MixColumns(Span<float> result, int rowLength)
    {
        int width = Vector<float>.Count;
        fixed (float* padded = _padded, kernel = _kernel, output = result)
        {
            for (int i = 0; i < rowLength; i += 4 * width)
            {
                Vector<float> sum0 = Vector<float>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
                float* input = padded + i + _first * 4;
                for (int tap = _first; tap < _end; tap++, input += 4)
                {
                    var weight = new Vector<float>(kernel[tap]);
                    sum0 = Vector.FusedMultiplyAdd(Vector.Load(input), weight, sum0);
                    sum1 = Vector.FusedMultiplyAdd(Vector.Load(input + width), weight, sum1);
                    sum2 = Vector.FusedMultiplyAdd(Vector.Load(input + 2 * width), weight, sum2);
                    sum3 = Vector.FusedMultiplyAdd(Vector.Load(input + 3 * width), weight, sum3);
                }
                sum0.Store(output + i);
                sum1.Store(output + i + width);
                sum2.Store(output + i + 2 * width);
                sum3.Store(output + i + 3 * width);
            }
        }
    }

    private void MixRows(Span<byte> result, int left, int y, int height, int pitch)
    {
        int reach = _kernel.Length / 2, width = Vector<float>.Count;
        Span<byte> last = stackalloc byte[Vector<byte>.Count];
        if (_rows.Length < _kernel.Length)
            _rows = new int[_kernel.Length];
        for (int tap = _first; tap < _end; tap++)
            _rows[tap] = Reflect(y + tap - reach, height) * pitch + left;
        fixed (float* mixed = _mixed, kernel = _kernel)
        fixed (int* rows = _rows)
        {
            for (int column = 0; column < result.Length; column += Vector<byte>.Count)
            {
                Vector<float> sum0 = Vector<float>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
                for (int tap = _first; tap < _end; tap++)
                {
                    float* row = mixed + rows[tap] + column;
                    var weight = new Vector<float>(kernel[tap]);
                    sum0 = Vector.FusedMultiplyAdd(Vector.Load(row), weight, sum0);
                    sum1 = Vector.FusedMultiplyAdd(Vector.Load(row + width), weight, sum1);
                    sum2 = Vector.FusedMultiplyAdd(Vector.Load(row + 2 * width), weight, sum2);
                    sum3 = Vector.FusedMultiplyAdd(Vector.Load(row + 3 * width), weight, sum3);
                }
                Vector<byte> bytes = WideLoad.Narrow(ToByte(sum0), ToByte(sum1), ToByte(sum2), ToByte(sum3));
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
    }

    private static int Reflect(int row, int height) => row < 0 ? -row : row >= height ? 2 * height - 2 - row : row;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> ToByte(Vector<float> sum) => Vector.ConvertToInt32Native(Vector.Round(sum));
}
