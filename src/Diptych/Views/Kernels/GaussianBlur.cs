using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>A true Gaussian in float32 with reflected edges, rounded to the nearest byte, as torchvision's. Holds its scratch memory.</summary>
/// <remarks>Multiplications and additions are fused, with the hardware or without, and each sum begins at its first input, so that every machine gives the same bytes.</remarks>
internal sealed unsafe class GaussianBlur
{
    // Room behind a row so that its last vectors may be read and written whole, at any width up to 512 bits.
    private const int Slack = 128;

    // Floats in a line of the cache.
    private const int LineLength = 16;

    private const float NegligibleWeight = 1e-7f;

    private int _first, _end;
    private float[] _kernel = [], _padded = [], _mixed = [];
    private int[] _rows = [];
    private byte[] _made = [];

    /// <summary>Blurs a view in place.</summary>
    /// <param name="view">The view; each side is more than half the kernel.</param>
    /// <param name="kernel">Width of the kernel, odd.</param>
    /// <param name="sigma">σ in pixels.</param>
    public void Apply(Planes view, int kernel, double sigma)
    {
        Plan(kernel, (float)sigma);
        int reach = kernel / 2, pitch = (view.Width + Slack) / LineLength * LineLength;
        if (_padded.Length < pitch + 2 * reach)
            _padded = new float[pitch + 2 * reach];
        if (_mixed.Length < view.Height * pitch + LineLength)
            _mixed = GC.AllocateUninitializedArray<float>(view.Height * pitch + LineLength, pinned: true);
        if (_made.Length < 2 * pitch)
            _made = new byte[2 * pitch];
        // One more than the last row needs: rows are made in pairs, and the last may be without its second.
        if (_rows.Length < view.Height + 2 * reach + 1)
            _rows = new int[view.Height + 2 * reach + 1];
        for (int row = 0; row < view.Height + 2 * reach; row++)
            _rows[row] = Reflect(row - reach, view.Height) * pitch;
        _rows[view.Height + 2 * reach] = 0;

        fixed (float* weights = _kernel, padded = _padded, unaligned = _mixed)
        fixed (int* rows = _rows)
        fixed (byte* made = _made)
        {
            float* mixed = (float*)((nint)(unaligned + LineLength - 1) & -(LineLength * sizeof(float)));
            for (int colour = 0; colour < view.Count; colour++)
            {
                for (int y = 0; y < view.Height; y++)
                {
                    Pad(view[colour] + (nint)y * view.Width, padded, view.Width, reach);
                    MixColumns(padded, weights, mixed + (nint)y * pitch, view.Width);
                }
                for (int y = 0; y < view.Height; y += 2)
                {
                    byte* result = view[colour] + (nint)y * view.Width;
                    MixRows(mixed, rows + y, weights, made, made + pitch, view.Width);
                    Unsafe.CopyBlockUnaligned(result, made, (uint)view.Width);
                    if (y + 1 < view.Height)
                        Unsafe.CopyBlockUnaligned(result + view.Width, made + pitch, (uint)view.Width);
                }
            }
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

    private static void Pad(byte* row, float* padded, int width, int reach)
    {
        float* output = padded + reach;
        for (int x = 0; x < width; x += Vector<int>.Count)
            WideLoad.Floats(row + x).Store(output + x);
        for (int x = 0; x < reach; x++)
        {
            padded[x] = padded[2 * reach - x];
            output[width + x] = output[width - 2 - x];
        }
    }

    private void MixColumns(float* padded, float* weights, float* result, int width)
    {
        int lanes = Vector<float>.Count, x = 0;
        // Eight sums at a time keep both multipliers busy.
        for (; x + 4 * lanes < width; x += 8 * lanes)
        {
            Vector<float> sum0 = Vector<float>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0, sum4 = sum0, sum5 = sum0, sum6 = sum0, sum7 = sum0;
            float* input = padded + x + _first;
            for (int tap = _first; tap < _end; tap++, input++)
            {
                var weight = new Vector<float>(weights[tap]);
                Add(input, weight, ref sum0, ref sum1, ref sum2, ref sum3);
                Add(input + 4 * lanes, weight, ref sum4, ref sum5, ref sum6, ref sum7);
            }
            Store(result + x, sum0, sum1, sum2, sum3);
            Store(result + x + 4 * lanes, sum4, sum5, sum6, sum7);
        }
        for (; x < width; x += 4 * lanes)
        {
            Vector<float> sum0 = Vector<float>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
            float* input = padded + x + _first;
            for (int tap = _first; tap < _end; tap++, input++)
                Add(input, new Vector<float>(weights[tap]), ref sum0, ref sum1, ref sum2, ref sum3);
            Store(result + x, sum0, sum1, sum2, sum3);
        }
    }

    // Two rows at a time, which share all inputs but one: each is read once for both.
    private void MixRows(float* mixed, int* rows, float* weights, byte* result, byte* nextResult, int width)
    {
        int lanes = Vector<float>.Count, block = 4 * lanes;
        for (int x = 0; x < width; x += block)
        {
            Vector<float> sum0 = Vector<float>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0, next0 = sum0, next1 = sum0, next2 = sum0, next3 = sum0;
            float* input = mixed + x;
            Add(input + rows[_first], new Vector<float>(weights[_first]), ref sum0, ref sum1, ref sum2, ref sum3);
            for (int tap = _first + 1; tap < _end; tap++)
            {
                float* row = input + rows[tap];
                Vector<float> v0 = Vector.Load(row), v1 = Vector.Load(row + lanes), v2 = Vector.Load(row + 2 * lanes), v3 = Vector.Load(row + 3 * lanes);
                Vector<float> weight = new(weights[tap]), before = new(weights[tap - 1]);
                sum0 = Vector.FusedMultiplyAdd(v0, weight, sum0);
                sum1 = Vector.FusedMultiplyAdd(v1, weight, sum1);
                sum2 = Vector.FusedMultiplyAdd(v2, weight, sum2);
                sum3 = Vector.FusedMultiplyAdd(v3, weight, sum3);
                next0 = Vector.FusedMultiplyAdd(v0, before, next0);
                next1 = Vector.FusedMultiplyAdd(v1, before, next1);
                next2 = Vector.FusedMultiplyAdd(v2, before, next2);
                next3 = Vector.FusedMultiplyAdd(v3, before, next3);
            }
            Pack(sum0, sum1, sum2, sum3).Store(result + x);
            Add(input + rows[_end], new Vector<float>(weights[_end - 1]), ref next0, ref next1, ref next2, ref next3);
            Pack(next0, next1, next2, next3).Store(nextResult + x);
        }
    }

    private static int Reflect(int row, int height) => row < 0 ? -row : row >= height ? 2 * height - 2 - row : row;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* input, Vector<float> weight, ref Vector<float> sum0, ref Vector<float> sum1, ref Vector<float> sum2, ref Vector<float> sum3)
    {
        int lanes = Vector<float>.Count;
        sum0 = Vector.FusedMultiplyAdd(Vector.Load(input), weight, sum0);
        sum1 = Vector.FusedMultiplyAdd(Vector.Load(input + lanes), weight, sum1);
        sum2 = Vector.FusedMultiplyAdd(Vector.Load(input + 2 * lanes), weight, sum2);
        sum3 = Vector.FusedMultiplyAdd(Vector.Load(input + 3 * lanes), weight, sum3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* result, Vector<float> sum0, Vector<float> sum1, Vector<float> sum2, Vector<float> sum3)
    {
        int lanes = Vector<float>.Count;
        sum0.Store(result);
        sum1.Store(result + lanes);
        sum2.Store(result + 2 * lanes);
        sum3.Store(result + 3 * lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<byte> Pack(Vector<float> sum0, Vector<float> sum1, Vector<float> sum2, Vector<float> sum3) =>
        WideLoad.Pack(Rounded(sum0), Rounded(sum1), Rounded(sum2), Rounded(sum3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Rounded(Vector<float> sum) => Vector.ConvertToInt32Native(Vector.Round(sum));
}
