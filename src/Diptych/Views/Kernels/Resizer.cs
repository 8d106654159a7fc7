using System.Numerics;
using System.Runtime.CompilerServices;
using Diptych.Data;

namespace Diptych.Views.Kernels;

/// <summary>Crops, then resizes: horizontally, then vertically, rounding to bytes after each, as Pillow does. Holds its scratch memory.</summary>
/// <remarks>Where <see cref="WindowMixer"/> cannot, rows are narrowed in bands: a band is transposed, so that the same column of all its rows fills vectors, and transposed back.</remarks>
internal sealed unsafe class Resizer
{
    private const int Half = 1 << (ResizeAxis.WeightBits - 1);

    // Rows of a band: four vectors of 32-bit lanes hold one column of it, whatever the width of a vector.
    private static readonly int BandRows = Vector<int>.Count;

    private readonly ResizeAxis _horizontal = new(), _vertical = new();
    private readonly WindowMixer _window = new();
    private byte[] _narrowed = [], _mixed = [];
    private uint[] _wideBand = [], _narrowBand = [];

    /// <summary>Writes the crop at the destination's size.</summary>
    /// <param name="source">Pixels, <c>[any, sourceWidth, 4]</c>.</param>
    /// <param name="sourceWidth">Columns of the source.</param>
    /// <param name="crop">The part to resize, inside the source.</param>
    /// <param name="destination">Receives the pixels; has its size already. Of a gray one's source all colours are the same.</param>
    /// <param name="filter">How to weigh.</param>
    /// <param name="isMirrored">Whether left becomes right.</param>
    /// <param name="isUpsideDown">Whether top becomes bottom.</param>
    public void Resize(ReadOnlySpan<byte> source, int sourceWidth, ImageRegion crop, Planes destination, ResizeFilter filter, bool isMirrored = false, bool isUpsideDown = false)
    {
        int width = destination.Width, height = destination.Height;
        _horizontal.Plan(crop.Width, width, filter, isMirrored);
        _vertical.Plan(crop.Height, height, filter, isUpsideDown);
        bool isPacked = destination.Count == 3 && WindowMixer.IsSupported && _window.TryPlan(_horizontal, width, crop.Left, sourceWidth);
        int pitch = isPacked ? WindowMixer.PitchOf(width) : width * 4, rowLength = width * (isPacked ? 3 : 4);
        Room(ref _narrowed, checked(crop.Height * pitch + Planes.Slack));
        Room(ref _mixed, checked(height * rowLength + 4 * Planes.Slack));
        fixed (byte* pixels = source[..((crop.Top + crop.Height) * sourceWidth * 4)], narrowed = _narrowed, mixed = _mixed)
        {
            byte* firstRow = pixels + (nint)crop.Top * sourceWidth * 4;
            if (isPacked)
                _window.Apply(firstRow, (nint)sourceWidth * 4, narrowed, pitch, crop.Height);
            else
                Narrow((uint*)firstRow + crop.Left, sourceWidth, crop, (uint*)narrowed, width);
            for (int y = 0; y < height; y++)
            {
                ReadOnlySpan<int> weights = _vertical.Weights(y, out int start);
                MixRows(narrowed + (nint)start * pitch, pitch, weights, mixed + (nint)y * rowLength, rowLength);
            }
            if (isPacked)
                destination.ReadPacked(mixed);
            else
                destination.Read((uint*)mixed);
        }
    }

    private void Narrow(uint* source, int sourceWidth, ImageRegion crop, uint* narrowed, int width)
    {
        if (_wideBand.Length < crop.Width * BandRows)
            _wideBand = new uint[crop.Width * BandRows];
        if (_narrowBand.Length < width * BandRows)
            _narrowBand = new uint[width * BandRows];
        fixed (uint* wide = _wideBand, narrow = _narrowBand)
        {
            for (int y = 0; y < crop.Height; y += BandRows)
            {
                // Of a band that the image does not fill, the other rows are computed from what was there, and not kept.
                int rows = Math.Min(BandRows, crop.Height - y);
                Transposer.Apply(source + (nint)y * sourceWidth, sourceWidth, wide, BandRows, crop.Width, rows);
                MixColumns((byte*)wide, (byte*)narrow, width);
                Transposer.Apply(narrow, BandRows, narrowed + (nint)y * width, width, rows, width);
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
                Pack(sum0, sum1, sum2, sum3).Store(narrow + (nint)x * columnLength);
            }
        }
    }

    // Whole vectors, so that up to one vector less a byte is read and written behind a row.
    private static void MixRows(byte* rows, nint pitch, ReadOnlySpan<int> weights, byte* result, int rowLength)
    {
        if (weights is [1 << ResizeAxis.WeightBits])
        {
            Unsafe.CopyBlockUnaligned(result, rows, (uint)rowLength);
            return;
        }
        int lanes = Vector<int>.Count, count = weights.Length;
        var half = new Vector<int>(Half);
        Vector<int> weight0 = Weight(weights, 0), weight1 = Weight(weights, 1), weight2 = Weight(weights, 2), weight3 = Weight(weights, 3);
        for (int column = 0; column < rowLength; column += 4 * lanes)
        {
            byte* input = rows + column;
            Vector<int> sum0 = WideLoad.Ints(input) * weight0 + half, sum1 = WideLoad.Ints(input + lanes) * weight0 + half;
            Vector<int> sum2 = WideLoad.Ints(input + 2 * lanes) * weight0 + half, sum3 = WideLoad.Ints(input + 3 * lanes) * weight0 + half;
            if (count > 1)
                Add(input + pitch, weight1, ref sum0, ref sum1, ref sum2, ref sum3);
            if (count > 2)
                Add(input + 2 * pitch, weight2, ref sum0, ref sum1, ref sum2, ref sum3);
            if (count > 3)
                Add(input + 3 * pitch, weight3, ref sum0, ref sum1, ref sum2, ref sum3);
            for (int tap = 4; tap < count; tap++)
                Add(input + tap * pitch, new Vector<int>(weights[tap]), ref sum0, ref sum1, ref sum2, ref sum3);
            Pack(sum0, sum1, sum2, sum3).Store(result + column);
        }
    }

    private static Vector<int> Weight(ReadOnlySpan<int> weights, int tap) => tap < weights.Length ? new(weights[tap]) : Vector<int>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(byte* input, Vector<int> weight, ref Vector<int> sum0, ref Vector<int> sum1, ref Vector<int> sum2, ref Vector<int> sum3)
    {
        int lanes = Vector<int>.Count;
        sum0 += WideLoad.Ints(input) * weight;
        sum1 += WideLoad.Ints(input + lanes) * weight;
        sum2 += WideLoad.Ints(input + 2 * lanes) * weight;
        sum3 += WideLoad.Ints(input + 3 * lanes) * weight;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<byte> Pack(Vector<int> sum0, Vector<int> sum1, Vector<int> sum2, Vector<int> sum3) => WideLoad.Pack(
        sum0 >> ResizeAxis.WeightBits, sum1 >> ResizeAxis.WeightBits, sum2 >> ResizeAxis.WeightBits, sum3 >> ResizeAxis.WeightBits);

    private static void Room(ref byte[] memory, int length)
    {
        if (memory.Length < length)
            memory = GC.AllocateUninitializedArray<byte>(length);
    }
}
