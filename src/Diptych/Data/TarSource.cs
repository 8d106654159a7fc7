namespace Diptych.Data;

/// <summary>Image files in one tar, as if it were a folder.</summary>
internal sealed class TarSource : EncodedSource
{
    private readonly TarFile _tar;
    private readonly (long Offset, long Length)[] _members;

    private TarSource(string description, TarFile tar, ImageTree tree, string prefix, bool appliesOrientation) : base(description, tree, appliesOrientation)
    {
        _tar = tar;
        _members = tree.Names.Select(name => tar.Members[prefix + name]).ToArray();
    }

    /// <summary>Splits <c>photos.tar/train</c> into the tar and the folder in it; null where no tar is named.</summary>
    public static (string Tar, string Folder)? SplitPath(string path)
    {
        for (string? tar = Path.GetDirectoryName(path); !string.IsNullOrEmpty(tar); tar = Path.GetDirectoryName(tar))
            if (TarFile.IsTar(tar) && File.Exists(tar))
                return (tar, path[(tar.Length + 1)..].Replace(Path.DirectorySeparatorChar, '/').Trim('/'));
        return null;
    }

    /// <summary>Opens the images below one folder of a tar; all of them where the folder is empty.</summary>
    /// <param name="tar">The tar; disposed with what is returned.</param>
    /// <param name="folder">A folder in it, or nothing.</param>
    /// <param name="appliesOrientation">Whether EXIF orientation is applied.</param>
    public static TarSource Open(TarFile tar, string folder, bool appliesOrientation)
    {
        string description = folder.Length == 0 ? tar.Path : $"{tar.Path}/{folder}", prefix = folder.Length == 0 ? "" : folder + "/";
        var found = new ImageNames();
        foreach (string name in tar.Members.Keys)
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                found.Add(name[prefix.Length..]);
        if (folder.Length > 0 && !tar.Members.Keys.Any(name => name.StartsWith(prefix, StringComparison.Ordinal)))
            throw NoFolder(tar, folder);
        return new(description, tar, ImageTree.Build($"Tar '{description}'", description, found), prefix, appliesOrientation);
    }

    public override void Dispose() => _tar.Dispose();

    protected override byte[] Read(int index, out int length)
    {
        var member = _members[index];
        byte[] bytes = ReadAt(_tar.Handle, member.Offset, member.Length);
        length = (int)member.Length;
        return bytes;
    }

    private static InvalidInputException NoFolder(TarFile tar, string folder)
    {
        string[] folders = tar.Members.Keys.Where(name => name.Contains('/')).Select(name => name[..name.IndexOf('/')])
            .Distinct().Order(StringComparer.Ordinal).ToArray();
        return new(
            $"Tar '{tar.Path}' holds no folder '{folder}'. " +
            (folders.Length == 0 ? "It holds no folders." : $"Its folders: {string.Join(", ", folders.Take(10))}{(folders.Length > 10 ? ", …" : "")}.") +
            (NearMiss.Find(folder, folders) is { } near ? $" Did you mean '{tar.Path}/{near}'?" : ""));
    }
}
