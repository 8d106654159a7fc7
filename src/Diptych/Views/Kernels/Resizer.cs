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
        ReadOnlySpan<byte> cropped = source[((crop.Top * sourceWidth + crop.Left) * 4)..];
        for (int y = 0; y < crop.Height; y += crop.Width == width ? 1 : 4)
        {
            if (crop.Width == width)
                cropped.Slice(y * sourceWidth * 4, rowLength).CopyTo(narrowed[(y * rowLength)..]);
            else
                ResizeFourRows(cropped, sourceWidth, y, crop.Height - 1, narrowed, width);
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

    // One pixel's four channels a vector of 128 bits, at any width of the machine. Rows beyond the last are the last again.
    private void ResizeFourRows(ReadOnlySpan<byte> source, int sourceWidth, int y, int last, Span<byte> result, int width)
    {
        int y1 = Math.Min(y + 1, last), y2 = Math.Min(y + 2, last), y3 = Math.Min(y + 3, last);
        ref uint pixels = ref Unsafe.As<byte, uint>(ref MemoryMarshal.GetReference(source));
        ref uint row0 = ref Unsafe.Add(ref pixels, y * sourceWidth), row1 = ref Unsafe.Add(ref pixels, y1 * sourceWidth);
        ref uint row2 = ref Unsafe.Add(ref pixels, y2 * sourceWidth), row3 = ref Unsafe.Add(ref pixels, y3 * sourceWidth);
        Span<uint> outputs = MemoryMarshal.Cast<byte, uint>(result);
        ReadOnlySpan<int> starts = _horizontal.Starts;
        for (int x = 0; x < width; x++)
        {
            int start = starts[x];
            Vector128<int> sum0 = Vector128.Create(Half), sum1 = sum0, sum2 = sum0, sum3 = sum0;
            foreach (int weight in _horizontal.Weights(x))
            {
                Vector128<int> weights = Vector128.Create(weight);
                sum0 += Widen(Unsafe.Add(ref row0, start)) * weights;
                sum1 += Widen(Unsafe.Add(ref row1, start)) * weights;
                sum2 += Widen(Unsafe.Add(ref row2, start)) * weights;
                sum3 += Widen(Unsafe.Add(ref row3, start)) * weights;
                start++;
            }
            Vector128<byte> bytes = Vector128.Narrow(Vector128.Narrow(ToByte(sum0), ToByte(sum1)), Vector128.Narrow(ToByte(sum2), ToByte(sum3)));
            outputs[y * width + x] = bytes.AsUInt32()[0];
            outputs[y1 * width + x] = bytes.AsUInt32()[1];
            outputs[y2 * width + x] = bytes.AsUInt32()[2];
            outputs[y3 * width + x] = bytes.AsUInt32()[3];
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector128<int> Widen(uint pixel) => Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(pixel).AsByte())).AsInt32();
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> ToByte(Vector128<int> sum) =>
        Vector128.Clamp(sum >> ResizeAxis.WeightBits, Vector128<int>.Zero, Vector128.Create(255)).AsUInt32();
}
