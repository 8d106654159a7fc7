using System.Buffers.Binary;

namespace Diptych.Data;

/// <summary>Finds a PNG's end by walking its chunks.</summary>
/// <remarks>Needed because decoders stop at the last pixel and do not look whether check sums and the end chunk follow. Source: ISO/IEC 15948, section 5.</remarks>
internal static class PngStructure
{
    private const int SignatureLength = 8, ChunkOverhead = 12;

    /// <summary>Whether all chunks are there, up to <c>IEND</c>.</summary>
    /// <param name="file">A file that begins with the PNG signature.</param>
    public static bool IsComplete(ReadOnlySpan<byte> file)
    {
        for (long at = SignatureLength; at + ChunkOverhead <= file.Length;)
        {
            ReadOnlySpan<byte> chunk = file[(int)at..];
            if (chunk[4..].StartsWith("IEND"u8))
                return true;
            at += ChunkOverhead + BinaryPrimitives.ReadUInt32BigEndian(chunk);
        }
        return false;
    }
}
