using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Diptych.Views.Kernels;

/// <summary>Crops, then resizes: horizontally, then vertically, rounding to bytes after each, as Pillow does. Holds its scratch memory.</summary>
internal sealed class Resizer
{
    private const int Half = 1 << (ResizeAxis.WeightBits - 1);

    private readonly ResizeAxis _horizontal = new(), _vertical = new();
    private byte[] _narrowed = [];

    /// <summary>Writes the crop at the new size.</summary>
    /// <param name="source">Pixels, <c>[any, sourceWidth, 4]</c>.</param>
    /// <param name="sourceWidth">Columns of the source.</param>
    /// <param name="crop">The part to resize, inside the source.</param>
    /// <param name="destination">Receives <c>[height, width, 4]</c>.</param>
    /// <param name="width">Columns wanted.</param>
    /// <param name="height">Rows wanted.</param>
    /// <param name="filter">How to weigh.</param>
    public void Resize(ReadOnlySpan<byte> source, int sourceWidth, CropBox crop, Span<byte> destination, int width, int height, ResizeFilter filter)
    {
        int rowLength = width * 4, narrowedLength = crop.Height * rowLength;
        if (_narrowed.Length < narrowedLength)
            _narrowed = GC.AllocateUninitializedArray<byte>(narrowedLength);
        Span<byte> narrowed = _narrowed.AsSpan(0, narrowedLength);

        if (crop.Width != width)
            _horizontal.Plan(crop.Width, width, filter);
        for (int y = 0; y < crop.Height; y++)
        {
            ReadOnlySpan<byte> row = source.Slice(((crop.Top + y) * sourceWidth + crop.Left) * 4, crop.Width * 4);
            if (crop.Width == width)
                row.CopyTo(narrowed[(y * rowLength)..]);
            else
                ResizeRow(row, narrowed.Slice(y * rowLength, rowLength));
        }

        if (crop.Height == height)
        {
            narrowed.CopyTo(destination);
            return;
        }
        _vertical.Plan(crop.Height, height, filter);
        for (int y = 0; y < height; y++)
            MixRows(narrowed[(_vertical.Starts[y] * rowLength)..], _vertical.Weights(y), destination.Slice(y * rowLength, rowLength));
    }

    // One pixel's four channels a vector: 128 bits at any width of the machine.
    private void ResizeRow(ReadOnlySpan<byte> row, Span<byte> result)
    {
        ref uint pixels = ref Unsafe.As<byte, uint>(ref MemoryMarshal.GetReference(row));
        Span<uint> outputs = MemoryMarshal.Cast<byte, uint>(result);
        ReadOnlySpan<int> starts = _horizontal.Starts;
        for (int x = 0; x < outputs.Length; x++)
        {
            ref uint first = ref Unsafe.Add(ref pixels, starts[x]);
            ReadOnlySpan<int> weights = _horizontal.Weights(x);
            Vector128<int> sum = Vector128.Create(Half);
            for (int tap = 0; tap < weights.Length; tap++)
            {
                Vector128<byte> pixel = Vector128.CreateScalar(Unsafe.Add(ref first, tap)).AsByte();
                sum += Vector128.WidenLower(Vector128.WidenLower(pixel)).AsInt32() * weights[tap];
            }
            sum = Vector128.Clamp(sum >> ResizeAxis.WeightBits, Vector128<int>.Zero, Vector128.Create(255));
            Vector128<ushort> words = Vector128.Narrow(sum.AsUInt32(), sum.AsUInt32());
            outputs[x] = Vector128.Narrow(words, words).AsUInt32().ToScalar();
        }
    }

    private static void MixRows(ReadOnlySpan<byte> rows, ReadOnlySpan<int> weights, Span<byte> result)
    {
        ref byte first = ref MemoryMarshal.GetReference(rows);
        int column = 0, rowLength = result.Length;
        for (; column <= rowLength - Vector<byte>.Count; column += Vector<byte>.Count)
        {
            var sum0 = new Vector<int>(Half);
            Vector<int> sum1 = sum0, sum2 = sum0, sum3 = sum0;
            for (int tap = 0; tap < weights.Length; tap++)
            {
                Vector.Widen(Vector.LoadUnsafe(ref first, (nuint)(tap * rowLength + column)), out Vector<ushort> low, out Vector<ushort> high);
                Vector.Widen(low, out Vector<uint> v0, out Vector<uint> v1);
                Vector.Widen(high, out Vector<uint> v2, out Vector<uint> v3);
                var weight = new Vector<int>(weights[tap]);
                sum0 += Vector.AsVectorInt32(v0) * weight;
                sum1 += Vector.AsVectorInt32(v1) * weight;
                sum2 += Vector.AsVectorInt32(v2) * weight;
                sum3 += Vector.AsVectorInt32(v3) * weight;
            }
            Vector.Narrow(Vector.Narrow(ToByte(sum0), ToByte(sum1)), Vector.Narrow(ToByte(sum2), ToByte(sum3))).CopyTo(result[column..]);
        }
        for (; column < rowLength; column++)
        {
            int sum = Half;
            for (int tap = 0; tap < weights.Length; tap++)
                sum += rows[tap * rowLength + column] * weights[tap];
            result[column] = (byte)Math.Clamp(sum >> ResizeAxis.WeightBits, 0, 255);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> ToByte(Vector<int> sum) =>
        Vector.AsVectorUInt32(Vector.Min(Vector.Max(sum >> ResizeAxis.WeightBits, Vector<int>.Zero), new Vector<int>(255)));
}
