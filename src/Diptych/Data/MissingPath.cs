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
        if (Nearest(name, Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry))) is { } near)
        {
            string start = Path.Combine(parent, near), whole = start + trimmed[Path.Combine(parent, name).Length..];
            return $"{message} Did you mean '{(Path.Exists(whole) ? whole : start)}'?";
        }
        return Path.Combine(parent, name) == trimmed ? message : $"{message} '{folder}' holds no '{name}'.";
    }

    /// <summary>The candidate that differs from the name in the fewest letters, case aside, if those are at most a third of it.</summary>
    public static string? Nearest(string name, IEnumerable<string> candidates)
    {
        var (distance, nearest) = candidates.Order(StringComparer.Ordinal)
            .Select(candidate => (Distance: Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant()), candidate))
            .DefaultIfEmpty((int.MaxValue, "")).MinBy(pair => pair.Item1);
        return distance <= Math.Max(1, name.Length / 3) ? nearest : null;
    }

    // Edits (insert, remove, replace, swap neighbours) that turn one into the other.
    private static int Distance(string first, string second)
    {
        int[,] edits = new int[first.Length + 1, second.Length + 1];
        for (int i = 0; i <= first.Length; i++)
            for (int j = 0; j <= second.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    edits[i, j] = i + j;
                    continue;
                }
                int replaced = edits[i - 1, j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1);
                edits[i, j] = Math.Min(replaced, 1 + Math.Min(edits[i - 1, j], edits[i, j - 1]));
                if (i > 1 && j > 1 && first[i - 1] == second[j - 2] && first[i - 2] == second[j - 1])
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
            }
        return edits[first.Length, second.Length];
    }
}
