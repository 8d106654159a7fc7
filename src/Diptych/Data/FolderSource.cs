namespace Diptych.Data;

/// <summary>Image files in a folder and its folders.</summary>
internal sealed class FolderSource : TreeSource
{
    private static readonly EnumerationOptions AllFiles =
        new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false, MaxRecursionDepth = 32 };

    private readonly string[] _paths;

    private FolderSource(string path, string folder, ImageTree tree) : base(path, tree) =>
        _paths = tree.Names.Select(name => Path.Combine(folder, name)).ToArray();

    public static FolderSource Open(string path)
    {
        string[] files = Directory.EnumerateFiles(path, "*", AllFiles)
            .Select(file => Path.GetRelativePath(path, file).Replace(Path.DirectorySeparatorChar, '/')).ToArray();
        return new(path, path, ImageTree.Build($"Folder '{path}'", path, files));
    }

    public static FolderSource OpenImage(string path)
    {
        string folder = Path.GetDirectoryName(path) ?? "";
        return new(path, folder, ImageTree.Build($"'{path}'", path, [Path.GetFileName(path).TrimStart('.')]));
    }

    public override void Dispose() { }

    protected override byte[] Read(int index, out int length)
    {
        using var handle = File.OpenHandle(_paths[index]);
        long size = RandomAccess.GetLength(handle);
        byte[] bytes = ReadAt(handle, 0, size);
        length = (int)size;
        return bytes;
    }
}
