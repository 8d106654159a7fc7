namespace Diptych.Data;

/// <summary>Image files in a folder and its folders.</summary>
internal sealed class FolderSource : EncodedSource
{
    private readonly string _folder;

    private FolderSource(string path, string folder, ImageTree tree, bool appliesOrientation) : base(path, tree, appliesOrientation) => _folder = folder;

    public static FolderSource Open(string path, bool appliesOrientation)
    {
        string[] names = FolderListing.Read(path, FolderListing.DefaultStore, FolderListing.KeptFrom, out ImageNames found);
        return names.Length == 0
            ? throw new InvalidInputException(found.DescribeAbsence($"Folder '{path}'"))
            : new(path, path, ImageTree.FromFolders($"Folder '{path}'", path, names) with { LeftOut = found.DescribeOthers() }, appliesOrientation);
    }

    public static FolderSource OpenImage(string path, bool appliesOrientation) =>
        new(path, Path.GetDirectoryName(path) ?? "", new([Path.GetFileName(path)], null, null), appliesOrientation);

    public override void Dispose() { }

    protected override byte[] Read(int index, out int length)
    {
        using var handle = File.OpenHandle(Path.Combine(_folder, GetName(index)));
        long size = RandomAccess.GetLength(handle);
        byte[] bytes = ReadAt(handle, 0, size);
        length = (int)size;
        return bytes;
    }
}
