using System.Buffers.Binary;

namespace Diptych.Data;

/// <summary>Finds a PNG's end by walking its chunks, and how many bytes its pixels take unpacked.</summary>
/// <remarks>Needed because decoders stop at the last pixel and do not look whether check sums and the end chunk follow. Source: ISO/IEC 15948, section 5.</remarks>
internal static class PngStructure
{
    private const int SignatureLength = 8, ChunkOverhead = 12, HeaderLength = SignatureLength + ChunkOverhead + 13;

    /// <summary>What is wrong with it, or null where all chunks are there, up to <c>IEND</c>.</summary>
    /// <param name="file">A file that begins with the PNG signature.</param>
    public static string? FindFault(ReadOnlySpan<byte> file) => Find(file, "IEND"u8) < 0 ? "premature end of PNG" : null;

    /// <summary>The EXIF data, or nothing where the file holds none.</summary>
    /// <param name="file">A file in which <see cref="FindFault"/> found no fault.</param>
    public static ReadOnlySpan<byte> FindExif(ReadOnlySpan<byte> file) =>
        Find(file, "eXIf"u8) is >= 0 and var at ? file.Slice(at + 8, (int)BinaryPrimitives.ReadUInt32BigEndian(file[at..])) : [];

    // Where the first chunk of a type begins; -1 where there is none up to IEND.
    private static int Find(ReadOnlySpan<byte> file, ReadOnlySpan<byte> type)
    {
        for (long at = SignatureLength; at + ChunkOverhead <= file.Length;)
        {
            ReadOnlySpan<byte> chunk = file[(int)at..];
            if (chunk[4..].StartsWith(type))
                return (int)at;
            if (chunk[4..].StartsWith("IEND"u8))
                break;
            at += ChunkOverhead + BinaryPrimitives.ReadUInt32BigEndian(chunk);
        }
        return -1;
    }

    /// <summary>Bytes of the rows before compression, from the header; 0 where it is none.</summary>
    public static Int128 UnpackedLength(ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderLength)
            return 0;
        int channels = file[25] switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        Int128 bits = (Int128)BinaryPrimitives.ReadUInt32BigEndian(file[16..]) * channels * file[24];
        return BinaryPrimitives.ReadUInt32BigEndian(file[20..]) * ((bits + 7) / 8);
    }
}
