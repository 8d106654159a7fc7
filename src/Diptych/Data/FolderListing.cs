using System.Globalization;
using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;

namespace Diptych.Data;

/// <summary>The images in a folder and its folders, in ordinal order. Large listings are kept, and used again while no folder has changed.</summary>
/// <remarks>
/// A folder's time of change tells when a name came, went or changed, and nothing else can change the listing. A listing is not
/// kept where a folder changed within the last two seconds (a second change might leave the same time) or is a link.
/// </remarks>
internal static class FolderListing
{
    /// <summary>Listings of at least this many images are kept.</summary>
    public const int KeptFrom = 100_000;

    private const string FirstLine = "diptych listing 2";
    private static readonly TimeSpan Doubtful = TimeSpan.FromSeconds(2);

    private static readonly EnumerationOptions All = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    /// <summary>Where listings are kept: the user's folder for what can be made again.</summary>
    public static string DefaultStore { get; } = Path.Combine(
        OperatingSystem.IsLinux()
            ? Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache")
            : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData),
        "diptych", "listings");

    /// <summary>The names of the images, with '/', sorted; <paramref name="found"/> says what else there was.</summary>
    public static string[] Read(string folder, string store, int keptFrom, out ImageNames found)
    {
        found = new ImageNames();
        string root = Path.GetFullPath(folder);
        string kept = Path.Combine(store, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(root)))[..32] + ".txt");
        if (ReadKept(kept, root, found) is { } names)
            return names;

        var stamps = new List<(string Folder, long Ticks)>();
        bool isKeepable = List(root, found, stamps);
        names = found.Images.ToArray();
        Array.Sort(names, StringComparer.Ordinal);
        if (isKeepable && names.Length >= keptFrom && !names.Concat(found.Others.Keys).Any(name => name.Contains('\n')))
            Keep(kept, root, stamps, found.Others, names);
        return names;
    }

    private static bool List(string root, ImageNames found, List<(string, long)> stamps)
    {
        DateTime now = DateTime.UtcNow;
        bool isKeepable = true;
        var waiting = new Stack<(string Prefix, string[] Places)>([("", [RealPath.Of(root)])]);
        while (waiting.TryPop(out var next))
        {
            var (prefix, places) = next;
            var folder = new DirectoryInfo(Path.Combine(root, prefix));
            isKeepable &= now - folder.LastWriteTimeUtc > Doubtful && !folder.Attributes.HasFlag(FileAttributes.ReparsePoint) && !prefix.Contains('\n');
            stamps.Add((prefix, folder.LastWriteTimeUtc.Ticks));
            var entries = new FileSystemEnumerable<(string Name, bool IsFolder, bool IsLink)>(
                folder.FullName, (ref FileSystemEntry entry) => (string.Concat(prefix, entry.FileName), entry.IsDirectory, entry.Attributes.HasFlag(FileAttributes.ReparsePoint)), All);
            foreach (var (name, isFolder, isLink) in entries)
            {
                if (!isFolder)
                {
                    found.Add(name);
                    continue;
                }
                if (ImageNames.IsHidden(name + "/"))
                    continue;
                // A link that leads back to a folder it lies in, above the root even, is not followed, or the walk would go in circles.
                string place = Path.Combine(places[^1], Path.GetFileName(name));
                place = isLink ? RealPath.Of(place) : place;
                if (!(isLink && places.Any(folderOnTheWay => IsWithin(folderOnTheWay, place))))
                    waiting.Push((name + "/", [.. places, place]));
            }
        }
        return isKeepable;
    }

    private static bool IsWithin(string place, string folder) =>
        place == folder || place.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string[]? ReadKept(string kept, string root, ImageNames found)
    {
        try
        {
            if (!File.Exists(kept))
                return null;
            using var reader = new StreamReader(kept);
            if (reader.ReadLine() != FirstLine || reader.ReadLine() != root)
                return null;
            for (int folders = Number(reader); folders > 0; folders--)
            {
                if (!long.TryParse(reader.ReadLine(), CultureInfo.InvariantCulture, out long ticks) || reader.ReadLine() is not { } prefix
                    || Directory.GetLastWriteTimeUtc(Path.Combine(root, prefix)).Ticks != ticks)
                    return null;
            }
            var others = new List<(string Kind, int Count)>();
            for (int kinds = Number(reader); kinds > 0; kinds--)
                others.Add((reader.ReadLine() ?? throw new EndOfStreamException(), Number(reader)));
            var names = new string[Number(reader)];
            for (int i = 0; i < names.Length; i++)
                names[i] = reader.ReadLine() ?? throw new EndOfStreamException();
            if (names.Length == 0 || reader.ReadLine() is not null)
                return null;
            others.ForEach(kind => found.AddOthers(kind.Kind, kind.Count));
            return names;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }

    private static int Number(StreamReader reader) =>
        int.TryParse(reader.ReadLine(), CultureInfo.InvariantCulture, out int number) && number >= 0 && number <= reader.BaseStream.Length ? number : throw new FormatException();

    // Where it cannot be kept, the folder is listed again next time.
    private static void Keep(string kept, string root, List<(string Folder, long Ticks)> stamps, IReadOnlyDictionary<string, int> others, string[] names)
    {
        string aside = $"{kept}.{Environment.ProcessId}.partial";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return;
        }
        try
        {
            using (var writer = new StreamWriter(aside, append: false, new UTF8Encoding(false), 1 << 16) { NewLine = "\n" })
            {
                writer.WriteLine(FirstLine);
                writer.WriteLine(root);
                writer.WriteLine(stamps.Count);
                foreach (var (folder, ticks) in stamps)
                {
                    writer.WriteLine(ticks);
                    writer.WriteLine(folder);
                }
                writer.WriteLine(others.Count);
                foreach (var (kind, count) in others)
                {
                    writer.WriteLine(kind);
                    writer.WriteLine(count);
                }
                writer.WriteLine(names.Length);
                foreach (string name in names)
                    writer.WriteLine(name);
            }
            File.Move(aside, kept, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            File.Delete(aside);
        }
    }
}
