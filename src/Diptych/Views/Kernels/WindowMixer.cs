using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Diptych.Views.Kernels;

/// <summary>Narrows or widens rows with AVX-512: sixteen bytes of the output at a time, from the 64 bytes of the row that hold all their inputs. Holds its scratch memory.</summary>
/// <remarks>
/// Inputs are multiplied in pairs of 16-bit numbers. A weight has 22 bits, so its upper and lower parts are summed apart and
/// put together at the end: the same whole number as a sum of 32-bit products.
/// </remarks>
internal sealed unsafe class WindowMixer
{
    private const int Lanes = 16, Window = 64, LowBits = 11, Colours = 3, MaximumPairs = 4;

    // The upper byte of each number is taken from 64 zeros behind the window.
    private const int Nothing = Window << 8 | Window << 24;

    private int[] _tables = [], _bases = [];
    private int _pairs, _groups;

    /// <summary>Whether this processor can.</summary>
    public static bool IsSupported => Avx512Vbmi.IsSupported;

    /// <summary>Bytes of an output row of so many pixels: three each, and room for a last vector.</summary>
    public static int PitchOf(int width) => (width * Colours + Planes.Slack - 1) / Planes.Slack * Planes.Slack;

    /// <summary>Prepares tables.</summary>
    /// <param name="axis">Inputs and weights of each output.</param>
    /// <param name="width">Outputs.</param>
    /// <param name="left">The source's pixel that is the axis' first.</param>
    /// <param name="sourceWidth">Pixels of the source's rows.</param>
    /// <returns>False where some output's inputs do not fit.</returns>
    public bool TryPlan(ResizeAxis axis, int width, int left, int sourceWidth)
    {
        _pairs = (axis.Taps + 1) / 2;
        _groups = (width * Colours + Lanes - 1) / Lanes;
        if (_pairs > MaximumPairs || sourceWidth * 4 < Window)
            return false;
        if (_tables.Length < _groups * _pairs * 3 * Lanes)
            _tables = new int[_groups * _pairs * 3 * Lanes];
        if (_bases.Length < _groups)
            _bases = new int[_groups];
        fixed (int* starts = axis.Starts, weights = axis.AllWeights, tables = _tables)
        {
            for (int group = 0; group < _groups; group++)
            {
                int firstPixel = group * Lanes / Colours, lastPixel = Math.Min((group * Lanes + Lanes - 1) / Colours, width - 1);
                int windowStart = Math.Min(4 * (left + Math.Min(starts[firstPixel], starts[lastPixel])), sourceWidth * 4 - Window);
                _bases[group] = windowStart;
                int* table = tables + group * _pairs * 3 * Lanes;
                for (int lane = 0; lane < Lanes; lane++)
                {
                    (int pixel, int colour) = Math.DivRem(group * Lanes + lane, Colours);
                    pixel = Math.Min(pixel, width - 1);
                    if (!Fill(table + lane, 4 * (left + starts[pixel]) + colour - windowStart, weights + pixel * axis.Taps, axis.Taps))
                        return false;
                }
            }
        }
        return true;
    }

    /// <summary>Mixes rows.</summary>
    /// <param name="source">The first row, <c>[sourceWidth, 4]</c>, from its first pixel.</param>
    /// <param name="sourcePitch">Bytes from one row to the next.</param>
    /// <param name="result">Receives <c>[width, 3]</c> of each row, and up to 15 bytes after it.</param>
    /// <param name="resultPitch">Bytes from one row to the next.</param>
    /// <param name="rows">Rows.</param>
    public void Apply(byte* source, nint sourcePitch, byte* result, nint resultPitch, int rows)
    {
        fixed (int* tables = _tables)
        {
            for (int group = 0; group < _groups; group++)
            {
                int* table = tables + group * _pairs * 3 * Lanes;
                switch (_pairs)
                {
                    case 1: MixPair(source + _bases[group], sourcePitch, result + group * Lanes, resultPitch, rows, table); break;
                    case 2: MixTwoPairs(source + _bases[group], sourcePitch, result + group * Lanes, resultPitch, rows, table); break;
                    case 3: MixThreePairs(source + _bases[group], sourcePitch, result + group * Lanes, resultPitch, rows, table); break;
                    default: MixPairs(source + _bases[group], sourcePitch, result + group * Lanes, resultPitch, rows, table); break;
                }
            }
        }
    }

    // Where each pair's bytes lie in the window, and the two parts of their weights.
    private static bool Fill(int* table, int at, int* weights, int taps)
    {
        for (int tap = 0; tap < taps; tap += 2, table += 3 * Lanes)
        {
            int first = weights[tap], second = tap + 1 < taps ? weights[tap + 1] : 0;
            int firstAt = first == 0 ? 0 : at + 4 * tap, secondAt = second == 0 ? 0 : at + 4 * tap + 4;
            if ((uint)firstAt >= Window || (uint)secondAt >= Window)
                return false;
            table[0] = firstAt | secondAt << 16 | Nothing;
            table[Lanes] = (first >> LowBits & 0xFFFF) | second >> LowBits << 16;
            table[2 * Lanes] = (first & ((1 << LowBits) - 1)) | (second & ((1 << LowBits) - 1)) << 16;
        }
        return true;
    }

    private static void MixPair(byte* source, nint sourcePitch, byte* result, nint resultPitch, int rows, int* table)
    {
        Vector512<byte> at = Vector512.Load(table).AsByte();
        Vector512<short> high = Vector512.Load(table + Lanes).AsInt16(), low = Vector512.Load(table + 2 * Lanes).AsInt16();
        for (int y = 0; y < rows; y++, source += sourcePitch, result += resultPitch)
        {
            Vector512<short> pair = Gather(Vector512.Load(source), at);
            Finish(Avx512BW.MultiplyAddAdjacent(pair, high), Avx512BW.MultiplyAddAdjacent(pair, low)).Store(result);
        }
    }

    private static void MixTwoPairs(byte* source, nint sourcePitch, byte* result, nint resultPitch, int rows, int* table)
    {
        Vector512<byte> at0 = Vector512.Load(table).AsByte(), at1 = Vector512.Load(table + 3 * Lanes).AsByte();
        Vector512<short> high0 = Vector512.Load(table + Lanes).AsInt16(), low0 = Vector512.Load(table + 2 * Lanes).AsInt16();
        Vector512<short> high1 = Vector512.Load(table + 4 * Lanes).AsInt16(), low1 = Vector512.Load(table + 5 * Lanes).AsInt16();
        for (int y = 0; y < rows; y++, source += sourcePitch, result += resultPitch)
        {
            Vector512<byte> window = Vector512.Load(source);
            Vector512<short> pair0 = Gather(window, at0), pair1 = Gather(window, at1);
            Finish(
                Avx512BW.MultiplyAddAdjacent(pair0, high0) + Avx512BW.MultiplyAddAdjacent(pair1, high1),
                Avx512BW.MultiplyAddAdjacent(pair0, low0) + Avx512BW.MultiplyAddAdjacent(pair1, low1)).Store(result);
        }
    }

    private static void MixThreePairs(byte* source, nint sourcePitch, byte* result, nint resultPitch, int rows, int* table)
    {
        Vector512<byte> at0 = Vector512.Load(table).AsByte(), at1 = Vector512.Load(table + 3 * Lanes).AsByte(), at2 = Vector512.Load(table + 6 * Lanes).AsByte();
        Vector512<short> high0 = Vector512.Load(table + Lanes).AsInt16(), low0 = Vector512.Load(table + 2 * Lanes).AsInt16();
        Vector512<short> high1 = Vector512.Load(table + 4 * Lanes).AsInt16(), low1 = Vector512.Load(table + 5 * Lanes).AsInt16();
        Vector512<short> high2 = Vector512.Load(table + 7 * Lanes).AsInt16(), low2 = Vector512.Load(table + 8 * Lanes).AsInt16();
        for (int y = 0; y < rows; y++, source += sourcePitch, result += resultPitch)
        {
            Vector512<byte> window = Vector512.Load(source);
            Vector512<short> pair0 = Gather(window, at0), pair1 = Gather(window, at1), pair2 = Gather(window, at2);
            Finish(
                Avx512BW.MultiplyAddAdjacent(pair0, high0) + Avx512BW.MultiplyAddAdjacent(pair1, high1) + Avx512BW.MultiplyAddAdjacent(pair2, high2),
                Avx512BW.MultiplyAddAdjacent(pair0, low0) + Avx512BW.MultiplyAddAdjacent(pair1, low1) + Avx512BW.MultiplyAddAdjacent(pair2, low2)).Store(result);
        }
    }

    private void MixPairs(byte* source, nint sourcePitch, byte* result, nint resultPitch, int rows, int* table)
    {
        for (int y = 0; y < rows; y++, source += sourcePitch, result += resultPitch)
        {
            Vector512<byte> window = Vector512.Load(source);
            Vector512<int> high = Vector512<int>.Zero, low = Vector512<int>.Zero;
            int* pairTable = table;
            for (int pair = 0; pair < _pairs; pair++, pairTable += 3 * Lanes)
            {
                Vector512<short> values = Gather(window, Vector512.Load(pairTable).AsByte());
                high += Avx512BW.MultiplyAddAdjacent(values, Vector512.Load(pairTable + Lanes).AsInt16());
                low += Avx512BW.MultiplyAddAdjacent(values, Vector512.Load(pairTable + 2 * Lanes).AsInt16());
            }
            Finish(high, low).Store(result);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Gather(Vector512<byte> window, Vector512<byte> at) =>
        Avx512Vbmi.PermuteVar64x8x2(window, at, Vector512<byte>.Zero).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Finish(Vector512<int> high, Vector512<int> low)
    {
        Vector512<int> sum = (high << LowBits) + (low + Vector512.Create(1 << (ResizeAxis.WeightBits - 1))) >> ResizeAxis.WeightBits;
        return Avx512F.ConvertToVector128ByteWithSaturation(Vector512.Max(sum, Vector512<int>.Zero).AsUInt32());
    }
}
