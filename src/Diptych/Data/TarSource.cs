using System.Formats.Tar;
using System.IO.Compression;

namespace Diptych.Data;

/// <summary>Image files in a tar, found once from its headers and then read at their offsets.</summary>
internal sealed class TarSource : TreeSource
{
    private const int BlockLength = 512;
    private static readonly string[] Extensions = [".tar", ".tar.gz", ".tgz"];

    private readonly FileStream _file;
    private readonly (long Offset, long Length)[] _members;

    private TarSource(string description, FileStream file, ImageTree tree, Dictionary<string, (long, long)> members) : base(description, tree)
    {
        _file = file;
        _members = tree.Names.Select(name => members[name]).ToArray();
    }

    public static bool IsTar(string name) => Extensions.Any(extension => name.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    /// <summary>Splits <c>photos.tar/train</c> into the tar and the folder in it; null where no tar is named.</summary>
    public static (string Tar, string Folder)? SplitPath(string path)
    {
        for (string? tar = Path.GetDirectoryName(path); !string.IsNullOrEmpty(tar); tar = Path.GetDirectoryName(tar))
            if (IsTar(tar) && File.Exists(tar))
                return (tar, path[(tar.Length + 1)..].Replace(Path.DirectorySeparatorChar, '/').Trim('/'));
        return null;
    }

    /// <summary>Opens the images below one folder of a tar; all of them where the folder is empty.</summary>
    public static TarSource Open(string path, string folder)
    {
        FileStream file = path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase) ? File.OpenRead(path) : Unpack(path);
        try
        {
            var members = ReadIndex(path, file);
            string description = folder.Length == 0 ? path : $"{path}/{folder}";
            if (folder.Length > 0)
                members = Below(path, folder, members);
            return new(description, file, ImageTree.Build($"Tar '{description}'", description, members.Keys), members);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override void Dispose() => _file.Dispose();

    protected override byte[] Read(int index, out int length)
    {
        var member = _members[index];
        byte[] bytes = ReadAt(_file.SafeFileHandle, member.Offset, member.Length);
        length = (int)member.Length;
        return bytes;
    }

    // A name that occurs twice means its last member, as it does when the tar is extracted.
    private static Dictionary<string, (long Offset, long Length)> ReadIndex(string path, FileStream file)
    {
        var members = new Dictionary<string, (long, long)>();
        long end = 0;
        try
        {
            using var reader = new TarReader(file, leaveOpen: true);
            while (reader.GetNextEntry() is { } entry)
            {
                end = entry.DataOffset + entry.Length;
                if (end > file.Length)
                    throw Truncated(path, file.Length, $"member '{entry.Name}' should end at byte {end:N0}");
                end = (end + BlockLength - 1) / BlockLength * BlockLength;
                if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile)
                    members[Normalize(entry.Name)] = (entry.DataOffset, entry.Length);
            }
        }
        catch (EndOfStreamException)
        {
            throw Truncated(path, file.Length, $"a member begins at byte {end:N0}");
        }
        catch (Exception fault) when (fault is InvalidDataException or FormatException)
        {
            throw new InvalidInputException($"'{path}' is not a readable tar: no member header at byte {end:N0} ({fault.Message}). Make or download it again.", fault);
        }
        // The end marker is blocks of zeros; without it, members may be missing.
        if (end + BlockLength > file.Length)
            throw Truncated(path, file.Length, $"an end marker was expected at byte {end:N0}");
        return members;
    }

    private static InvalidInputException Truncated(string path, long length, string expected) =>
        new($"'{path}' is a truncated tar: it ends at byte {length:N0}, but {expected}. Make or download it again.");

    private static string Normalize(string name)
    {
        while (name.StartsWith("./", StringComparison.Ordinal))
            name = name[2..];
        return name.TrimStart('/');
    }

    private static Dictionary<string, (long Offset, long Length)> Below(string path, string folder, Dictionary<string, (long Offset, long Length)> members)
    {
        var below = members.Where(member => member.Key.StartsWith(folder + "/", StringComparison.Ordinal))
            .ToDictionary(member => member.Key[(folder.Length + 1)..], member => member.Value);
        if (below.Count > 0)
            return below;
        string[] folders = members.Keys.Where(name => name.Contains('/')).Select(name => name[..name.IndexOf('/')])
            .Distinct().Order(StringComparer.Ordinal).ToArray();
        throw new InvalidInputException(
            $"Tar '{path}' holds no folder '{folder}'. " +
            (folders.Length == 0 ? "It holds no folders." : $"Its folders: {string.Join(", ", folders.Take(10))}{(folders.Length > 10 ? ", …" : "")}.") +
            (NearMiss.Find(folder, folders) is { } near ? $" Did you mean '{path}/{near}'?" : ""));
    }

    private static FileStream Unpack(string path)
    {
        string unpacked = Path.Combine(Path.GetTempPath(), $"diptych-{Guid.NewGuid():N}.tar");
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
            throw new InvalidInputException($"Cannot unpack '{path}' into '{Path.GetTempPath()}': {fault.Message} Unpack it and name the .tar.", fault);
        }
    }
}
