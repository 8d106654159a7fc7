namespace Diptych.Data;

/// <summary>Opens a set of images, whatever form it is stored in.</summary>
public static class ImageSource
{
    private const string Kinds =
        "a folder of images, a .tar or .tar.gz of them, CIFAR-10 or CIFAR-100 .bin files, idx files (images-idx3-ubyte), or one image";

    /// <summary>Opens a folder, tar file, CIFAR or idx set, or a single image.</summary>
    /// <param name="path">
    /// One of these; each but the folder may be gz:
    /// <list type="bullet">
    /// <item>A folder of JPEG, PNG, WebP and BMP files (by extension, any case). When all of them lie in folders, the first
    /// level is the class. Files directly in the folder, even beside folders, make the whole set unlabelled. One folder
    /// around everything is a wrapper, not a class. Names that begin with a dot, and <c>__MACOSX</c>, are left out.</item>
    /// <item>A tar of such a folder, or a folder within it: <c>photos.tar/train</c>. A gz tar is unpacked once into a
    /// temporary file, which needs that much room.</item>
    /// <item>A CIFAR <c>.bin</c> file, or the folder with the training batches.</item>
    /// <item>An idx images file, or a folder with one set of them; among several, the one whose name begins with <c>train-</c>.</item>
    /// </list>
    /// </param>
    /// <returns>The images in ordinal order of their names; in stored order for CIFAR and idx. Dispose it to close its files.</returns>
    /// <exception cref="InvalidInputException">Nothing is there, or it is not a whole set of images.</exception>
    public static IImageSource Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            if (Directory.Exists(path))
                return OpenFolder(path);
            if (File.Exists(path))
                return OpenFile(path);
            if (TarSource.SplitPath(path) is var (tar, folder))
                return TarSource.Open(tar, folder);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"Cannot read '{path}': {fault.Message}", fault);
        }
        throw new InvalidInputException(MissingPath.Describe(path) + $" Expected {Kinds}.");
    }

    private static IImageSource OpenFolder(string path)
    {
        if (CifarSource.FindIn(path) is { Length: > 0 } batches)
            return CifarSource.Open(path, batches);
        return IdxSource.FindIn(path) is { } images ? IdxSource.Open(images) : FolderSource.Open(path);
    }

    private static IImageSource OpenFile(string path)
    {
        string name = Path.GetFileName(path);
        if (TarSource.IsTar(name))
            return TarSource.Open(path, folder: "");
        if (CifarSource.IsBatch(name))
            return CifarSource.Open(path, [path]);
        if (IdxSource.IsIdx(name))
            return IdxSource.Open(path);
        if (ImageTree.IsImage(name))
            return FolderSource.OpenImage(path);
        throw new InvalidInputException($"'{path}' is not a set of images that can be told by its name. Expected {Kinds}.");
    }
}
