using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Diptych.Models;

/// <summary>The passes of batch-norm over a matrix <c>[R, C]</c>, which is what <c>[N, C, H, W]</c> is in channels-last memory, with the sum and the ReLU that follow it.</summary>
/// <remarks>
/// Figures of columns are in the order of <see cref="IRowValues.Column"/>. Rows are taken in chunks whose length does not depend on the number of threads, and
/// the sums of chunks are added in their order, in double precision. Multiplications and additions are fused, with the hardware or without.
/// So equal inputs give equal bits, for any number of threads and on every machine.
/// </remarks>
/// <typeparam name="TValues">Type of the values; all arithmetic on them is in float32.</typeparam>
internal static unsafe class NormRows<TValues> where TValues : struct, IRowValues
{
    private const int ChunkValues = 1 << 16, LongestChunk = 1024;

    // Where sums are kept: so many rows together, so that a column's sums stay in registers meanwhile; the rows after them are fetched ahead.
    private const int RowsAtOnce = 8;

    /// <summary>The number of columns must be a multiple of it.</summary>
    public static int Unit => 2 * Vector256<float>.Count;

    /// <summary>Mean and biased variance of each column.</summary>
    /// <param name="input"><c>[R, C]</c></param>
    /// <param name="rows">R.</param>
    /// <param name="mean">C of them are written.</param>
    /// <param name="variance">C of them are written.</param>
    public static void Moments(byte* input, long rows, double[] mean, double[] variance)
    {
        int columns = mean.Length, chunks = ChunkCount(rows, columns);
        // Of each chunk: its first row, by which values are shifted so that squares do not cancel; sums; sums of squares.
        float[] parts = ArrayPool<float>.Shared.Rent(3 * chunks * columns);
        ForEachChunk(rows, columns, (chunk, first, count) =>
        {
            fixed (float* shift = &parts[3 * chunk * columns])
                MomentChunk(input + first * columns * TValues.Size, count, columns, shift, shift + columns, shift + 2 * columns);
        });
        Array.Clear(mean);
        Array.Clear(variance);
        fixed (float* all = parts)
        fixed (double* means = mean, variances = variance)
        {
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                float* shift = all + 3 * chunk * columns, sum = shift + columns;
                Vector256<double> count = Vector256.Create((double)ChunkLength(chunk, rows, columns)), share = count / Vector256.Create((double)rows), each = share / count;
                for (int c = 0; c < columns; c += Vector256<double>.Count)
                    (Vector256.Load(means + c) + share * Doubles(shift + c) + each * Doubles(sum + c)).Store(means + c);
            }
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                float* shift = all + 3 * chunk * columns, sum = shift + columns, squares = sum + columns;
                Vector256<double> count = Vector256.Create((double)ChunkLength(chunk, rows, columns)), share = count / Vector256.Create((double)rows);
                for (int c = 0; c < columns; c += Vector256<double>.Count)
                {
                    // About the chunk's own mean, then that mean about the whole's.
                    Vector256<double> own = Doubles(sum + c) / count, off = Doubles(shift + c) + own - Vector256.Load(means + c);
                    Vector256<double> spread = Vector256.Max(Doubles(squares + c) / count - own * own, Vector256<double>.Zero);
                    (Vector256.Load(variances + c) + share * (spread + off * off)).Store(variances + c);
                }
            }
        }
        ArrayPool<float>.Shared.Return(parts);
    }

    /// <summary>scale · input + offset, column by column, and what follows.</summary>
    /// <param name="input"><c>[R, C]</c></param>
    /// <param name="shortcut"><c>[R, C]</c>, or null where none is added.</param>
    /// <param name="output"><c>[R, C]</c>, is written.</param>
    /// <param name="rows">R.</param>
    /// <param name="scale">C.</param>
    /// <param name="offset">C.</param>
    /// <param name="hasRelu">Whether ReLU follows.</param>
    public static void Apply(byte* input, byte* shortcut, byte* output, long rows, float[] scale, float[] offset, bool hasRelu)
    {
        ForEachChunk(rows, scale.Length, (_, first, count) =>
        {
            long at = first * scale.Length * TValues.Size;
            fixed (float* scales = scale, offsets = offset)
                ApplyChunk(input + at, shortcut is null ? null : shortcut + at, output + at, count, scale.Length, scales, offsets, hasRelu);
        });
    }

    /// <summary>Column sums of the gradient before what follows the normalization, and of its product with (input − mean).</summary>
    /// <param name="input"><c>[R, C]</c></param>
    /// <param name="output"><c>[R, C]</c>, of <see cref="Apply"/>, where a shortcut was added, and else null.</param>
    /// <param name="gradient">Of the output, <c>[R, C]</c>.</param>
    /// <param name="rows">R.</param>
    /// <param name="scale">C, as for <see cref="Apply"/>.</param>
    /// <param name="offset">C, as for <see cref="Apply"/>.</param>
    /// <param name="mean">C.</param>
    /// <param name="hasRelu">Whether ReLU followed.</param>
    /// <param name="sums">C of them are written.</param>
    /// <param name="products">C of them are written.</param>
    public static void GradientSums(byte* input, byte* output, byte* gradient, long rows, float[] scale, float[] offset, float[] mean, bool hasRelu, double[] sums, double[] products)
    {
        int columns = scale.Length, chunks = ChunkCount(rows, columns);
        float[] parts = ArrayPool<float>.Shared.Rent(2 * chunks * columns);
        ForEachChunk(rows, columns, (chunk, first, count) =>
        {
            long at = first * columns * TValues.Size;
            fixed (float* scales = scale, offsets = offset, means = mean, part = &parts[2 * chunk * columns])
                SumChunk(input + at, output is null ? null : output + at, gradient + at, count, columns, scales, offsets, means, hasRelu, part, part + columns);
        });
        Array.Clear(sums);
        Array.Clear(products);
        fixed (float* all = parts)
        fixed (double* sum = sums, product = products)
        {
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                float* part = all + 2 * chunk * columns;
                for (int c = 0; c < columns; c += Vector256<double>.Count)
                {
                    (Vector256.Load(sum + c) + Doubles(part + c)).Store(sum + c);
                    (Vector256.Load(product + c) + Doubles(part + columns + c)).Store(product + c);
                }
            }
        }
        ArrayPool<float>.Shared.Return(parts);
    }

    /// <summary>scale · gradient + slope · input + rest, column by column: the gradient of the input, and that of the shortcut.</summary>
    /// <param name="input"><c>[R, C]</c></param>
    /// <param name="output">As for <see cref="GradientSums"/>.</param>
    /// <param name="gradient">Of the output, <c>[R, C]</c>.</param>
    /// <param name="inputGradient"><c>[R, C]</c>, is written.</param>
    /// <param name="shortcutGradient"><c>[R, C]</c>, is written where a shortcut was added, and else null.</param>
    /// <param name="rows">R.</param>
    /// <param name="scale">C, as for <see cref="Apply"/>.</param>
    /// <param name="offset">C, as for <see cref="Apply"/>.</param>
    /// <param name="slope">C.</param>
    /// <param name="rest">C.</param>
    /// <param name="hasRelu">Whether ReLU followed.</param>
    public static void InputGradient(byte* input, byte* output, byte* gradient, byte* inputGradient, byte* shortcutGradient, long rows, float[] scale, float[] offset, float[] slope, float[] rest, bool hasRelu)
    {
        ForEachChunk(rows, scale.Length, (_, first, count) =>
        {
            long at = first * scale.Length * TValues.Size;
            fixed (float* scales = scale, offsets = offset, slopes = slope, rests = rest)
                GradientChunk(input + at, output is null ? null : output + at, gradient + at, inputGradient + at, shortcutGradient is null ? null : shortcutGradient + at, count, scale.Length, scales, offsets, slopes, rests, hasRelu);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyChunk(byte* input, byte* shortcut, byte* output, long rows, int columns, float* scale, float* offset, bool hasRelu)
    {
        int lanes = Vector256<float>.Count, step = 2 * lanes * TValues.Size;
        long at = 0;
        for (long row = 0; row < rows; row++)
        {
            for (int c = 0; c < columns; c += 2 * lanes, at += step)
            {
                var (v0, v1) = TValues.Load(input + at);
                v0 = Vector256.FusedMultiplyAdd(v0, Vector256.Load(scale + c), Vector256.Load(offset + c));
                v1 = Vector256.FusedMultiplyAdd(v1, Vector256.Load(scale + c + lanes), Vector256.Load(offset + c + lanes));
                if (shortcut is not null)
                {
                    var (s0, s1) = TValues.Load(shortcut + at);
                    v0 += s0;
                    v1 += s1;
                }
                if (hasRelu)
                {
                    v0 = WherePositive(v0, v0);
                    v1 = WherePositive(v1, v1);
                }
                TValues.Store(output + at, v0, v1);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GradientChunk(byte* input, byte* output, byte* gradient, byte* inputGradient, byte* shortcutGradient, long rows, int columns, float* scale, float* offset, float* slope, float* rest, bool hasRelu)
    {
        int lanes = Vector256<float>.Count, step = 2 * lanes * TValues.Size;
        long at = 0;
        for (long row = 0; row < rows; row++)
        {
            for (int c = 0; c < columns; c += 2 * lanes, at += step)
            {
                Vector256<float> a0 = Vector256.Load(scale + c), a1 = Vector256.Load(scale + c + lanes);
                var (v0, v1) = TValues.Load(input + at);
                var (g0, g1) = TValues.Load(gradient + at);
                if (output is not null)
                {
                    var (z0, z1) = TValues.Load(output + at);
                    g0 = WherePositive(z0, g0);
                    g1 = WherePositive(z1, g1);
                    TValues.Store(shortcutGradient + at, g0, g1);
                }
                else if (hasRelu)
                {
                    g0 = WherePositive(Vector256.FusedMultiplyAdd(v0, a0, Vector256.Load(offset + c)), g0);
                    g1 = WherePositive(Vector256.FusedMultiplyAdd(v1, a1, Vector256.Load(offset + c + lanes)), g1);
                }
                v0 = Vector256.FusedMultiplyAdd(v0, Vector256.Load(slope + c), Vector256.Load(rest + c));
                v1 = Vector256.FusedMultiplyAdd(v1, Vector256.Load(slope + c + lanes), Vector256.Load(rest + c + lanes));
                TValues.Store(inputGradient + at, Vector256.FusedMultiplyAdd(g0, a0, v0), Vector256.FusedMultiplyAdd(g1, a1, v1));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumChunk(byte* input, byte* output, byte* gradient, long rows, int columns, float* scale, float* offset, float* mean, bool hasRelu, float* sum, float* product)
    {
        int lanes = Vector256<float>.Count, stride = columns * TValues.Size;
        long next = RowsAtOnce * stride;
        new Span<float>(sum, columns).Clear();
        new Span<float>(product, columns).Clear();
        for (long row = 0; row < rows; row += RowsAtOnce)
        {
            for (int c = 0; c < columns; c += 2 * lanes)
            {
                Vector256<float> a0 = Vector256.Load(scale + c), a1 = Vector256.Load(scale + c + lanes), b0 = Vector256.Load(offset + c), b1 = Vector256.Load(offset + c + lanes);
                Vector256<float> m0 = Vector256.Load(mean + c), m1 = Vector256.Load(mean + c + lanes);
                Vector256<float> s0 = Vector256.Load(sum + c), s1 = Vector256.Load(sum + c + lanes), p0 = Vector256.Load(product + c), p1 = Vector256.Load(product + c + lanes);
                long at = row * stride + c * TValues.Size;
                for (long last = at + Math.Min(RowsAtOnce, rows - row) * stride; at < last; at += stride)
                {
                    Fetch(input + at + next);
                    Fetch(gradient + at + next);
                    var (v0, v1) = TValues.Load(input + at);
                    var (g0, g1) = TValues.Load(gradient + at);
                    if (output is not null)
                    {
                        Fetch(output + at + next);
                        var (z0, z1) = TValues.Load(output + at);
                        g0 = WherePositive(z0, g0);
                        g1 = WherePositive(z1, g1);
                    }
                    else if (hasRelu)
                    {
                        g0 = WherePositive(Vector256.FusedMultiplyAdd(v0, a0, b0), g0);
                        g1 = WherePositive(Vector256.FusedMultiplyAdd(v1, a1, b1), g1);
                    }
                    s0 += g0;
                    s1 += g1;
                    p0 = Vector256.FusedMultiplyAdd(v0 - m0, g0, p0);
                    p1 = Vector256.FusedMultiplyAdd(v1 - m1, g1, p1);
                }
                s0.Store(sum + c);
                s1.Store(sum + c + lanes);
                p0.Store(product + c);
                p1.Store(product + c + lanes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MomentChunk(byte* input, long rows, int columns, float* shift, float* sum, float* squares)
    {
        int lanes = Vector256<float>.Count, stride = columns * TValues.Size;
        long next = RowsAtOnce * stride;
        for (int c = 0; c < columns; c += 2 * lanes)
        {
            var (first, second) = TValues.Load(input + c * TValues.Size);
            first.Store(shift + c);
            second.Store(shift + c + lanes);
        }
        new Span<float>(sum, 2 * columns).Clear();
        for (long row = 0; row < rows; row += RowsAtOnce)
        {
            for (int c = 0; c < columns; c += 2 * lanes)
            {
                Vector256<float> k0 = Vector256.Load(shift + c), k1 = Vector256.Load(shift + c + lanes);
                Vector256<float> s0 = Vector256.Load(sum + c), s1 = Vector256.Load(sum + c + lanes), q0 = Vector256.Load(squares + c), q1 = Vector256.Load(squares + c + lanes);
                long at = row * stride + c * TValues.Size;
                for (long last = at + Math.Min(RowsAtOnce, rows - row) * stride; at < last; at += stride)
                {
                    Fetch(input + at + next);
                    var (v0, v1) = TValues.Load(input + at);
                    v0 -= k0;
                    v1 -= k1;
                    s0 += v0;
                    s1 += v1;
                    q0 = Vector256.FusedMultiplyAdd(v0, v0, q0);
                    q1 = Vector256.FusedMultiplyAdd(v1, v1, q1);
                }
                s0.Store(sum + c);
                s1.Store(sum + c + lanes);
                q0.Store(squares + c);
                q1.Store(squares + c + lanes);
            }
        }
    }

    // What is not positive becomes 0; NaN stays NaN, so that a run that diverges is seen.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> WherePositive(Vector256<float> value, Vector256<float> result) =>
        Vector256.AndNot(result, Vector256.LessThanOrEqual(value, Vector256<float>.Zero));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(byte* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Doubles(float* values) => Vector256.WidenLower(Vector128.Load(values).ToVector256Unsafe());

    private static int ChunkRows(int columns) => Math.Clamp(ChunkValues / columns, 1, LongestChunk);

    private static int ChunkCount(long rows, int columns) => checked((int)((rows + ChunkRows(columns) - 1) / ChunkRows(columns)));

    private static long ChunkLength(int chunk, long rows, int columns) => Math.Min(ChunkRows(columns), rows - (long)chunk * ChunkRows(columns));

    private static void ForEachChunk(long rows, int columns, Action<int, long, long> work)
    {
        TorchThreads.ForEach(ChunkCount(rows, columns), chunk => work(chunk, (long)chunk * ChunkRows(columns), ChunkLength(chunk, rows, columns)));
    }
}
