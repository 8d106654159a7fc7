using System.Formats.Tar;
using System.IO.Compression;

namespace Diptych.Data;

/// <summary>The files in a tar, found once from its headers and then read at their offsets. A gz tar is unpacked into a temporary file first.</summary>
internal sealed class TarFile : IDisposable
{
    private const int BlockLength = 512;
    private static readonly string[] Extensions = [".tar", ".tar.gz", ".tgz"];

    private readonly FileStream _file;

    private TarFile(string path, FileStream file)
    {
        (Path, _file) = (path, file);
        Members = ReadIndex();
    }

    public string Path { get; }

    /// <summary>Where each file lies, by name. A name that occurs twice means its last member, as it does when the tar is extracted.</summary>
    public OrderedDictionary<string, (long Offset, long Length)> Members { get; }

    public Microsoft.Win32.SafeHandles.SafeFileHandle Handle => _file.SafeFileHandle;

    public static bool IsTar(string name) => Extensions.Any(extension => name.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    public static TarFile Open(string path)
    {
        FileStream file = path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase) ? File.OpenRead(path) : Unpack(path);
        try
        {
            return new TarFile(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private OrderedDictionary<string, (long Offset, long Length)> ReadIndex()
    {
        TarMetadata.Check(Path, _file);
        var members = new OrderedDictionary<string, (long, long)>();
        long end = 0;
        try
        {
            using var reader = new TarReader(_file, leaveOpen: true);
            while (reader.GetNextEntry() is { } entry)
            {
                end = entry.DataOffset + entry.Length;
                if (end > _file.Length)
                    throw Truncated($"member '{entry.Name}' should end at byte {end:N0}");
                end = (end + BlockLength - 1) / BlockLength * BlockLength;
                if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile)
                    members[Normalize(entry.Name)] = (entry.DataOffset, entry.Length);
            }
        }
        catch (EndOfStreamException)
        {
            throw Truncated($"a member begins at byte {end:N0}");
        }
        catch (Exception fault) when (fault is InvalidDataException or FormatException or OverflowException or ArgumentException)
        {
            throw new InvalidInputException($"'{Path}' is not a readable tar: no member header at byte {end:N0} ({fault.Message}). Make or download it again.", fault);
        }
        // The end marker is blocks of zeros; without it, members may be missing.
        return end + BlockLength > _file.Length ? throw Truncated($"an end marker was expected at byte {end:N0}") : members;
    }

    private InvalidInputException Truncated(string expected) =>
        new($"'{Path}' is a truncated tar: it ends at byte {_file.Length:N0}, but {expected}. Make or download it again.");

    private static string Normalize(string name)
    {
        while (name.StartsWith("./", StringComparison.Ordinal))
            name = name[2..];
        return name.TrimStart('/');
    }

    private static FileStream Unpack(string path)
    {
        string unpacked = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"diptych-{Guid.NewGuid():N}.tar");
        var file = new FileStream(unpacked, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        try
        {
            // Without a name the space is freed however the process ends.
            if (!OperatingSystem.IsWindows())
                File.Delete(unpacked);
            using var packed = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            packed.CopyTo(file);
            file.Flush();
            file.Position = 0;
            return file;
        }
        catch (InvalidDataException fault)
        {
            file.Dispose();
            throw new InvalidInputException($"'{path}' is not a whole gz file: {fault.Message} Make or download it again.", fault);
        }
        catch (IOException fault)
        {
            file.Dispose();
            throw new InvalidInputException($"Cannot unpack '{path}' into '{System.IO.Path.GetTempPath()}': {fault.Message} Unpack it and name the .tar.", fault);
        }
    }
}
