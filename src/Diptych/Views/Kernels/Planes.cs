using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Diptych.Views.Kernels;

/// <summary>A view while it is worked on: red, green and blue apart, rows without padding, so that a vector holds one colour. Memory only grows.</summary>
internal sealed unsafe class Planes
{
    /// <summary>Bytes after each plane that may be read and overwritten, so that no loop over whole vectors has a remainder.</summary>
    public const int Slack = 64;

    private static readonly byte[] InterleavingTables = BuildInterleavingTables();

    private byte[] _bytes = [];
    private byte* _first;
    private int _pitch;

    /// <summary>Columns.</summary>
    public int Width { get; private set; }

    /// <summary>Rows.</summary>
    public int Height { get; private set; }

    /// <summary>Colours: 3, or 1 for gray.</summary>
    public int Count { get; private set; }

    /// <summary>Pixels.</summary>
    public int Length => Width * Height;

    /// <summary>The first pixel of one colour: red, green, blue.</summary>
    public byte* this[int colour] => _first + (nint)colour * _pitch;

    /// <summary>Makes room; contents are then undefined.</summary>
    public void Resize(int width, int height, int count)
    {
        (Width, Height, Count) = (width, height, count);
        _pitch = checked(width * height + 2 * Slack - 1) / Slack * Slack;
        int length = checked(count * _pitch);
        if (_bytes.Length >= length)
            return;
        _bytes = GC.AllocateArray<byte>(length, pinned: true);
        _first = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_bytes));
    }

    /// <summary>Takes the colours from pixels of four bytes.</summary>
    public void Read(uint* rgbx)
    {
        int lanes = Vector<uint>.Count, width = 4 * lanes;
        for (int colour = 0; colour < Count; colour++)
        {
            byte* plane = this[colour];
            int shift = 8 * colour, pixel = 0;
            for (; pixel + width <= Length; pixel += width)
            {
                uint* from = rgbx + pixel;
                WideLoad.Pack(Shifted(from, shift), Shifted(from + lanes, shift), Shifted(from + 2 * lanes, shift), Shifted(from + 3 * lanes, shift)).Store(plane + pixel);
            }
            for (; pixel < Length; pixel++)
                plane[pixel] = (byte)(rgbx[pixel] >> shift);
        }
    }

    /// <summary>Takes the three colours from pixels of three bytes, with AVX-512; so many bytes are read that <see cref="Slack"/> pixels more should be there.</summary>
    public void ReadPacked(byte* rgb)
    {
        byte* red = this[0], green = this[1], blue = this[2];
        // Byte i of a colour is byte 3·i + colour of three vectors: taken from two of them, then what the third holds put in.
        Vector512<byte> times3 = Vector512<byte>.Indices * 3, one = Vector512<byte>.One;
        Vector512<byte> own = Vector512<byte>.Indices;
        Vector512<byte> redRest = Rest(times3, 0), greenRest = Rest(times3 + one, 1), blueRest = Rest(times3 + one + one, 2);
        for (int pixel = 0; pixel < Length; pixel += 64, rgb += 192)
        {
            Vector512<byte> v0 = Vector512.Load(rgb), v1 = Vector512.Load(rgb + 64), v2 = Vector512.Load(rgb + 128);
            Merge(v0, v1, v2, times3, redRest).Store(red + pixel);
            Merge(v0, v1, v2, times3 + one, greenRest).Store(green + pixel);
            Merge(v0, v1, v2, times3 + one + one, blueRest).Store(blue + pixel);
        }

        // Where 3·i + colour is 128 or more it counts from the third vector, which the second permutation has as its upper half.
        Vector512<byte> Rest(Vector512<byte> wrapped, int colour)
        {
            int inFirstTwo = (128 - colour + 2) / 3;
            Vector512<byte> isThird = Vector512.GreaterThanOrEqual(own, Vector512.Create((byte)inFirstTwo));
            return Vector512.ConditionalSelect(isThird, (wrapped & Vector512.Create((byte)63)) | Vector512.Create((byte)64), own);
        }
    }

    /// <summary>Whether this processor can mix the bytes of vectors at will, as <see cref="ReadPacked"/> and <see cref="WritePacked"/> need.</summary>
    public static bool CanPack => Avx512Vbmi.IsSupported;

    /// <summary>Writes the three colours as pixels of three bytes, with AVX-512.</summary>
    public void WritePacked(Span<byte> rgb)
    {
        byte* red = this[0], green = this[1], blue = this[2];
        byte* last = stackalloc byte[192];
        fixed (byte* tables = InterleavingTables, packed = rgb[..(3 * Length)])
        {
            Vector512<byte> redGreen0 = Vector512.Load(tables), redGreen1 = Vector512.Load(tables + 64), redGreen2 = Vector512.Load(tables + 128);
            Vector512<byte> blue0 = Vector512.Load(tables + 192), blue1 = Vector512.Load(tables + 256), blue2 = Vector512.Load(tables + 320);
            for (int pixel = 0; pixel < Length; pixel += 64)
            {
                Vector512<byte> r = Vector512.Load(red + pixel), g = Vector512.Load(green + pixel), b = Vector512.Load(blue + pixel);
                bool isWhole = pixel + 64 <= Length;
                byte* to = isWhole ? packed + 3 * pixel : last;
                Merge(r, g, b, redGreen0, blue0).Store(to);
                Merge(r, g, b, redGreen1, blue1).Store(to + 64);
                Merge(r, g, b, redGreen2, blue2).Store(to + 128);
                if (!isWhole)
                    Unsafe.CopyBlockUnaligned(packed + 3 * pixel, last, (uint)(3 * (Length - pixel)));
            }
        }
    }

    /// <summary>Writes pixels of four bytes, the fourth 255; gray three times.</summary>
    public void Write(uint* rgbx)
    {
        byte* red = this[0], green = this[Count / 2], blue = this[Count - 1];
        int lanes = Vector<int>.Count, pixel = 0;
        var opaque = new Vector<uint>(0xFF000000u);
        for (; pixel + lanes <= Length; pixel += lanes)
        {
            Vector<int> joined = WideLoad.Ints(red + pixel) | (WideLoad.Ints(green + pixel) << 8) | (WideLoad.Ints(blue + pixel) << 16);
            (Vector.AsVectorUInt32(joined) | opaque).Store(rgbx + pixel);
        }
        for (; pixel < Length; pixel++)
            rgbx[pixel] = red[pixel] | (uint)green[pixel] << 8 | (uint)blue[pixel] << 16 | 0xFF000000;
    }

    // Byte i of three packed vectors is of pixel i/3: where it is red or green it lies in the first two, where it is blue in the third.
    private static byte[] BuildInterleavingTables()
    {
        byte[] tables = new byte[384];
        for (int i = 0; i < 192; i++)
        {
            (int pixel, int colour) = Math.DivRem(i, 3);
            tables[i] = (byte)(colour == 1 ? pixel + 64 : pixel);
            tables[192 + i] = (byte)(colour == 2 ? pixel + 64 : i % 64);
        }
        return tables;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Merge(Vector512<byte> v0, Vector512<byte> v1, Vector512<byte> v2, Vector512<byte> indices, Vector512<byte> rest) =>
        Avx512Vbmi.PermuteVar64x8x2(Avx512Vbmi.PermuteVar64x8x2(v0, indices, v1), rest, v2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Shifted(uint* pixels, int shift) => Vector.AsVectorInt32((Vector.Load(pixels) >> shift) & new Vector<uint>(255u));
}
