namespace Diptych.Data;

/// <summary>Says which part of a path is missing, and what may have been meant.</summary>
internal static class MissingPath
{
    public static string Describe(string path)
    {
        string trimmed = Path.TrimEndingDirectorySeparator(path);
        string parent = trimmed, name = "";
        do
        {
            name = Path.GetFileName(parent);
            parent = Path.GetDirectoryName(parent) ?? "";
        }
        while (parent.Length > 0 && !Directory.Exists(parent));

        string message = $"There is no file or folder '{path}'.";
        string folder = parent.Length == 0 ? "." : parent;
        if (NearMiss.Find(name, Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry))) is { } near)
        {
            string start = Path.Combine(parent, near), whole = start + trimmed[Path.Combine(parent, name).Length..];
            return $"{message} Did you mean '{(Path.Exists(whole) ? whole : start)}'?";
        }
        return Path.Combine(parent, name) == trimmed ? message : $"{message} '{folder}' holds no '{name}'.";
    }
}
