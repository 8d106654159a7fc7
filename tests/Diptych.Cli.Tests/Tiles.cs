using System.Formats.Tar;

namespace Diptych.Cli.Tests;

/// <summary>The sample as a folder of images.</summary>
internal static class Tiles
{
    /// <summary>Takes the first tiles of every class out of a tar file.</summary>
    public static void Unpack(string tar, string folder, int perClass)
    {
        using var reader = new TarReader(File.OpenRead(tar));
        var counts = new Dictionary<string, int>();
        while (reader.GetNextEntry() is { } entry)
        {
            string label = entry.Name.Split('/')[0];
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || (counts[label] = counts.GetValueOrDefault(label) + 1) > perClass)
                continue;
            Directory.CreateDirectory(Path.Combine(folder, label));
            entry.ExtractToFile(Path.Combine(folder, entry.Name), overwrite: false);
        }
    }
}
