using System.Buffers.Binary;

namespace Diptych.Data;

/// <summary>Finds a JPEG's end by walking its segments and scans.</summary>
/// <remarks>
/// Needed because Skia accepts a progressive JPEG whose later scans are missing. Walking, rather than searching backwards for
/// the end marker, is not misled by the end of a thumbnail inside a segment, nor by bytes that follow the image.
/// Source: ITU-T T.81, annex B.
/// </remarks>
internal static class JpegStructure
{
    /// <summary>The most scans a progressive JPEG may have: each is a pass over all pixels, and encoders make about ten.</summary>
    public const int MaximumScans = 500;

    private const byte Start = 0xD8, End = 0xD9, Scan = 0xDA, Temporary = 0x01, FirstRestart = 0xD0, LastRestart = 0xD7;

    /// <summary>What is wrong with it, or null where the end-of-image marker follows the last scan.</summary>
    public static string? FindFault(ReadOnlySpan<byte> file)
    {
        for (int scans = 0; ;)
        {
            // Skips entropy-coded bytes, in which 0xFF is followed by 0, and any stray bytes, as libjpeg does.
            int at = file.IndexOf((byte)0xFF);
            if (at < 0 || at + 1 >= file.Length)
                return "premature end of JPEG";
            byte marker = file[at + 1];
            if (marker == End)
                return null;
            if (marker == 0xFF)
            {
                file = file[(at + 1)..];
                continue;
            }
            file = file[(at + 2)..];
            if (marker is 0 or Start or Temporary or (>= FirstRestart and <= LastRestart))
                continue;
            if (marker == Scan && ++scans > MaximumScans)
                return $"more than {MaximumScans} scans, the limit";
            if (!BinaryPrimitives.TryReadUInt16BigEndian(file, out ushort length) || length > file.Length)
                return "premature end of JPEG";
            file = file[length..];
        }
    }
}
