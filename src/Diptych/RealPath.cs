namespace Diptych;

/// <summary>Where a path really leads.</summary>
public static class RealPath
{
    // As many as Linux follows.
    private const int MostLinks = 40;

    /// <summary>The whole path with all links followed, those of the folders on the way too.</summary>
    /// <param name="path">A path; nothing need be there.</param>
    /// <returns>The same for two paths of one file, letters aside where a system does not tell small from large ones. Where links lead in a circle, some link of it.</returns>
    public static string Of(string path)
    {
        int links = 0;
        return Follow(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), ref links);
    }

    private static string Follow(string path, ref int links)
    {
        if (Path.GetDirectoryName(path) is not { } parent)
            return path;
        string folder = Follow(parent, ref links), place = Path.Combine(folder, Path.GetFileName(path));
        return new FileInfo(place).LinkTarget is { } target && ++links <= MostLinks ? Follow(Path.TrimEndingDirectorySeparator(Path.GetFullPath(target, folder)), ref links) : place;
    }
}
