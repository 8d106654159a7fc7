using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Crops, then resizes: horizontally, then vertically, rounding to bytes after each, as Pillow does. Holds its scratch memory.</summary>
/// <remarks>Rows are narrowed in bands: a band is transposed, so that the same column of all its rows fills vectors, and transposed back.</remarks>
internal sealed unsafe class Resizer
{
    private const int Half = 1 << (ResizeAxis.WeightBits - 1);

    // Rows of a band: four vectors of 32-bit lanes hold one column of it, whatever the width of a vector.
    private static readonly int BandRows = Vector<int>.Count;

    private readonly ResizeAxis _horizontal = new(), _vertical = new();
    private byte[] _narrowed = [];
    private uint[] _wideBand = [], _narrowBand = [];

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
        int rowLength = width * 4;
        ReadOnlySpan<byte> cropped = source.Slice((crop.Top * sourceWidth + crop.Left) * 4, ((crop.Height - 1) * sourceWidth + crop.Width) * 4);
        Span<byte> narrowed = crop.Height == height ? destination[..(height * rowLength)] : Room(ref _narrowed, crop.Height * rowLength);
        if (crop.Width == width)
        {
            for (int y = 0; y < crop.Height; y++)
                cropped.Slice(y * sourceWidth * 4, rowLength).CopyTo(narrowed[(y * rowLength)..]);
        }
        else
        {
            _horizontal.Plan(crop.Width, width, filter);
            Narrow(cropped, sourceWidth, crop, narrowed, width);
        }
        if (crop.Height == height)
            return;
        _vertical.Plan(crop.Height, height, filter);
        for (int y = 0; y < height; y++)
            MixRows(narrowed[(_vertical.Starts[y] * rowLength)..], _vertical.Weights(y), destination.Slice(y * rowLength, rowLength));
    }

    private void Narrow(ReadOnlySpan<byte> cropped, int sourceWidth, CropBox crop, Span<byte> narrowed, int width)
    {
        if (_wideBand.Length < crop.Width * BandRows)
            _wideBand = new uint[crop.Width * BandRows];
        if (_narrowBand.Length < width * BandRows)
            _narrowBand = new uint[width * BandRows];
        fixed (byte* source = cropped, result = narrowed)
        fixed (uint* wide = _wideBand, narrow = _narrowBand)
        {
            for (int y = 0; y < crop.Height; y += BandRows)
            {
                // Of a band that the image does not fill, the other rows are computed from what was there, and not kept.
                int rows = Math.Min(BandRows, crop.Height - y);
                Transposer.Apply((uint*)source + (nint)y * sourceWidth, sourceWidth, wide, BandRows, crop.Width, rows);
                MixColumns((byte*)wide, (byte*)narrow, width);
                Transposer.Apply(narrow, BandRows, (uint*)result + (nint)y * width, width, rows, width);
            }
        }
    }

    private void MixColumns(byte* wide, byte* narrow, int width)
    {
        int lanes = Vector<int>.Count, columnLength = BandRows * 4, taps = _horizontal.Taps;
        fixed (int* starts = _horizontal.Starts, allWeights = _horizontal.AllWeights)
        {
            int* weights = allWeights;
            for (int x = 0; x < width; x++, weights += taps)
            {
                byte* column = wide + (nint)starts[x] * columnLength;
                var sum0 = new Vector<int>(Half);
                Vector<int> sum1 = sum0, sum2 = sum0, sum3 = sum0;
                for (int tap = 0; tap < taps; tap++, column += columnLength)
                {
                    var weight = new Vector<int>(weights[tap]);
                    sum0 += WideLoad.Ints(column) * weight;
                    sum1 += WideLoad.Ints(column + lanes) * weight;
                    sum2 += WideLoad.Ints(column + 2 * lanes) * weight;
                    sum3 += WideLoad.Ints(column + 3 * lanes) * weight;
                }
                WideLoad.Narrow(ToByte(sum0), ToByte(sum1), ToByte(sum2), ToByte(sum3)).Store(narrow + (nint)x * columnLength);
            }
        }
    }

    private static void MixRows(ReadOnlySpan<byte> rows, ReadOnlySpan<int> weights, Span<byte> result)
    {
        int column = 0, rowLength = result.Length, lanes = Vector<int>.Count;
        fixed (byte* first = rows, output = result)
        {
            for (; column <= rowLength - Vector<byte>.Count; column += Vector<byte>.Count)
            {
                byte* input = first + column;
                var sum0 = new Vector<int>(Half);
                Vector<int> sum1 = sum0, sum2 = sum0, sum3 = sum0;
                for (int tap = 0; tap < weights.Length; tap++, input += rowLength)
                {
                    var weight = new Vector<int>(weights[tap]);
                    sum0 += WideLoad.Ints(input) * weight;
                    sum1 += WideLoad.Ints(input + lanes) * weight;
                    sum2 += WideLoad.Ints(input + 2 * lanes) * weight;
                    sum3 += WideLoad.Ints(input + 3 * lanes) * weight;
                }
                WideLoad.Narrow(ToByte(sum0), ToByte(sum1), ToByte(sum2), ToByte(sum3)).Store(output + column);
            }
            for (; column < rowLength; column++)
            {
                int sum = Half;
                for (int tap = 0; tap < weights.Length; tap++)
                    sum += first[tap * rowLength + column] * weights[tap];
                output[column] = (byte)Math.Clamp(sum >> ResizeAxis.WeightBits, 0, 255);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> ToByte(Vector<int> sum) => Vector.Min(Vector.Max(sum >> ResizeAxis.WeightBits, Vector<int>.Zero), new Vector<int>(255));

    private static Span<byte> Room(ref byte[] memory, int length)
    {
        if (memory.Length < length)
            memory = GC.AllocateUninitializedArray<byte>(length);
        return memory.AsSpan(0, length);
    }
}
