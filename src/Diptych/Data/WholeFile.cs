using System.Buffers.Binary;
using System.IO.Compression;

namespace Diptych.Data;

/// <summary>Reads a file into memory, gz or not.</summary>
internal static class WholeFile
{
    private const int ShortestGzip = 18, LargestRatio = 1032; // of deflate: nothing unpacks to more

    public static bool IsGzip(string name) => name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    /// <summary>The file's name without its folder and its <c>.gz</c>.</summary>
    public static string PlainName(string path) => IsGzip(path) ? Path.GetFileName(path)[..^3] : Path.GetFileName(path);

    /// <summary>The file's bytes, unpacked where its name ends in <c>.gz</c>; at most 2 GB.</summary>
    public static ReadOnlyMemory<byte> Read(string path) => IsGzip(path) ? Unpack(path) : File.ReadAllBytes(path);

    private static ReadOnlyMemory<byte> Unpack(string path)
    {
        using FileStream file = File.OpenRead(path);
        Span<byte> end = stackalloc byte[4];
        if (file.Length < ShortestGzip || RandomAccess.Read(file.SafeFileHandle, end, file.Length - end.Length) < end.Length)
            throw NotWhole(path, $"it has {file.Length} bytes, the shortest has {ShortestGzip}.");

        // A gz ends with the length it unpacks to, modulo 2³². GZipStream itself takes a cut file for a whole one.
        uint expected = BinaryPrimitives.ReadUInt32LittleEndian(end);
        if (expected > Array.MaxLength && expected <= file.Length * LargestRatio)
            throw new InvalidInputException($"'{path}' says at its end that it unpacks to {expected:N0} bytes; the limit is {Array.MaxLength:N0}. Unpack it, and name the unpacked file; if it is smaller, download or copy it again.");
        var bytes = new MemoryStream(expected <= Math.Min(Array.MaxLength, file.Length * LargestRatio) ? (int)expected : 0);
        try
        {
            using var packed = new GZipStream(file, CompressionMode.Decompress);
            packed.CopyTo(bytes);
        }
        catch (InvalidDataException fault)
        {
            throw NotWhole(path, fault.Message, fault);
        }
        return bytes.Length == expected
            ? bytes.GetBuffer().AsMemory(0, (int)bytes.Length)
            : throw NotWhole(path, $"it unpacks to {bytes.Length:N0} bytes, but ends with the length {expected:N0}. It is cut, or several in one.");
    }

    private static InvalidInputException NotWhole(string path, string fault, Exception? inner = null) =>
        new($"'{path}' is not a whole gz file: {fault} Download or copy it again, or name the unpacked file.", inner!);
}
