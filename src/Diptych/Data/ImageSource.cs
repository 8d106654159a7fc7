namespace Diptych.Data;

/// <summary>Opens a set of images, whatever form it is stored in.</summary>
public static class ImageSource
{
    private const string Kinds =
        "a folder of images, a .tar or .tar.gz of them, shards (train-{000..127}.tar), CIFAR-10, CIFAR-100 or STL-10 .bin files, idx files (images-idx3-ubyte), a packed file, or one image";

    /// <summary>Opens a folder, tar file, shards, CIFAR, STL-10 or idx set, packed file, or a single image.</summary>
    /// <param name="path">
    /// One of these; tar, CIFAR, STL-10 and idx files may be gz:
    /// <list type="bullet">
    /// <item>A folder of JPEG, PNG, WebP and BMP files (by extension, any case). When all of them lie in folders, the first
    /// level is the class. Files directly in the folder, even beside folders, make the whole set unlabelled. One folder
    /// around everything is a wrapper, not a class. Names that begin with a dot, and <c>__MACOSX</c>, are left out.</item>
    /// <item>A tar of such a folder, or a folder within it: <c>photos.tar/train</c>. A gz tar is unpacked once into a
    /// temporary file, which needs that much room.</item>
    /// <item>A tar in WebDataset's layout, with <c>.cls</c> or labelled <c>.json</c> members beside the images, or a range of tars:
    /// <c>train-{000..127}.tar</c>. The images are labelled when each of them is.</item>
    /// <item>A CIFAR <c>.bin</c> file, or the folder with the training batches.</item>
    /// <item>An STL-10 <c>_X.bin</c> file, or the folder, which stands for its unlabelled images.</item>
    /// <item>A file that <c>diptych pack</c> wrote, whatever its name.</item>
    /// <item>An idx images file, or a folder with one set of them; among several, the one whose name begins with <c>train-</c>.</item>
    /// </list>
    /// </param>
    /// <param name="appliesOrientation">Whether photographs are turned as their EXIF orientation says; false by default, as everywhere in the field.</param>
    /// <returns>The images in ordinal order of their names; in stored order for shards, CIFAR, STL-10, idx and packed files. Dispose it to close its files.</returns>
    /// <exception cref="InvalidInputException">Nothing is there, or it is not a whole set of images.</exception>
    public static IImageSource Open(string path, bool appliesOrientation = false)
    {
        ArgumentNullException.ThrowIfNull(path);
        _ = JpegDecoding.Description; // a decoder that was named and is not there is known before anything is made
        try
        {
            if (Directory.Exists(path))
                return OpenFolder(path, appliesOrientation);
            if (File.Exists(path))
                return OpenFile(path, appliesOrientation);
            if (ShardPattern.IsPattern(path))
                return ShardSource.Open(path, appliesOrientation);
            if (TarSource.SplitPath(path) is var (tar, folder))
                return OpenTar(tar, folder, appliesOrientation);
            throw new InvalidInputException(MissingPath.Describe(path) + $" Expected {Kinds}."); // looks into the folders above, which may be closed to this user
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // What .NET cannot decode of a name it replaces, and then finds no such folder.
            throw new InvalidInputException($"Cannot read '{path}': {(fault is DirectoryNotFoundException && fault.Message.Contains('\uFFFD', StringComparison.Ordinal) ? $"the name of a folder in it is not UTF-8. Rename it. ({fault.Message})" : fault.Message)}", fault);
        }
    }

    /// <summary>Whether a file's name is that of an image, by its ending; what begins with a dot, or lies in such a folder, is none.</summary>
    /// <param name="name">Name in the set of images, with '/'.</param>
    public static bool IsImage(string name) => ImageNames.IsImage(name) && !ImageNames.IsHidden(name);

    /// <summary>Whether a file is one that <c>diptych pack</c> wrote, by its beginning.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static bool IsPacked(string path) => PackedSource.IsPacked(path);

    /// <summary>The data files that a path of images stands for: itself, the shards of a range, the tar that a folder lies in, or the CIFAR, STL-10 or idx files of a folder.</summary>
    /// <param name="path">What <see cref="Open"/> takes.</param>
    /// <returns>The files; none for a folder of images, or where nothing is there.</returns>
    public static IReadOnlyList<string> FilesOf(string path) =>
        Directory.Exists(path) ? FilesIn(path) : File.Exists(path) ? [path] : ShardPattern.IsPattern(path) ? ShardPattern.Expand(path) : TarSource.SplitPath(path) is var (tar, _) ? [tar] : [];

    /// <summary>Whether there is something at a path of images; what it is only <see cref="Open"/> tells.</summary>
    /// <param name="path">What <see cref="Open"/> takes.</param>
    public static bool IsThere(string path) => Directory.Exists(path) || FilesOf(path).Any(File.Exists);

    private static string[] FilesIn(string folder) =>
        StlSource.FindIn(folder) is { } stl ? [stl] : CifarSource.FindIn(folder) is { Length: > 0 } batches ? batches : IdxSource.FindIn(folder) is { } images ? [images] : [];

    private static IImageSource OpenFolder(string path, bool appliesOrientation)
    {
        if (StlSource.FindIn(path) is { } stl)
            return StlSource.Open(stl);
        if (CifarSource.FindIn(path) is { Length: > 0 } batches)
            return CifarSource.Open(path, batches);
        return IdxSource.FindIn(path) is { } images ? IdxSource.Open(images) : FolderSource.Open(path, appliesOrientation);
    }

    private static IImageSource OpenFile(string path, bool appliesOrientation)
    {
        string name = Path.GetFileName(path);
        if (PackedSource.IsPacked(path))
            return PackedSource.Open(path);
        if (TarFile.IsTar(name))
            return OpenTar(path, folder: "", appliesOrientation);
        if (StlSource.IsImages(name))
            return StlSource.Open(path);
        if (CifarSource.IsBatch(name))
            return CifarSource.Open(path, [path]);
        if (IdxSource.IsIdx(name))
            return IdxSource.Open(path);
        if (ImageNames.IsImage(name))
            return FolderSource.OpenImage(path, appliesOrientation);
        throw new InvalidInputException($"'{path}' is not a set of images that can be told by its name. Expected {Kinds}.");
    }

    private static IImageSource OpenTar(string path, string folder, bool appliesOrientation)
    {
        TarFile tar = TarFile.Open(path);
        try
        {
            return folder.Length == 0 && SampleLabels.AreIn(tar) ? ShardSource.Open(path, [tar], appliesOrientation) : TarSource.Open(tar, folder, appliesOrientation);
        }
        catch
        {
            tar.Dispose();
            throw;
        }
    }
}
