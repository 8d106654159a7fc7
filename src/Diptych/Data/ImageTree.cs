namespace Diptych.Data;

/// <summary>The images among the files of a folder or tar, in ordinal order, with the classes their folders name.</summary>
internal sealed class ImageTree
{
    private const string Extensions = ".jpg, .jpeg, .png, .webp, .bmp";
    private static readonly HashSet<string> ImageExtensions = new(Extensions.Split(", "), StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> PartNames =
        new(["train", "training", "test", "testing", "val", "valid", "validation"], StringComparer.OrdinalIgnoreCase);

    private ImageTree(string[] names, string[]? labelNames, int[]? labels) =>
        (Names, LabelNames, Labels) = (names, labelNames, labels);

    public string[] Names { get; }

    public string[]? LabelNames { get; }

    /// <summary>One label number an image; null where there are no classes.</summary>
    public int[]? Labels { get; }

    public static bool IsImage(string name) => ImageExtensions.Contains(Path.GetExtension(name));

    /// <summary>Sorts files into images and classes.</summary>
    /// <param name="description">What and where, to open a message with: <c>Folder 'photos'</c>.</param>
    /// <param name="path">The path the user would extend to name a folder in it.</param>
    /// <param name="files">Every file's name relative to the top, with '/'.</param>
    public static ImageTree Build(string description, string path, IReadOnlyCollection<string> files)
    {
        string[] names = files.Where(file => IsImage(file) && !IsHidden(file)).ToArray();
        if (names.Length == 0)
            throw new InvalidInputException(DescribeAbsence(description, files));
        Array.Sort(names, StringComparer.Ordinal);

        int wrapper = WrapperLength(names);
        if (names.Any(name => name.IndexOf('/', wrapper) < 0))
            return new(names, null, null);

        string[] classes = names.Select(name => ClassOf(name, wrapper)).Distinct().Order(StringComparer.Ordinal).ToArray();
        string[] parts = classes.Where(PartNames.Contains).ToArray();
        if (parts.Length > 1)
            throw new InvalidInputException(
                $"{description} holds {string.Join(" and ", parts.Select(part => $"'{part}'"))}, which are parts of a set, not classes. " +
                $"Name one of them: {string.Join(" or ", parts.Select(part => Path.TrimEndingDirectorySeparator(path) + "/" + names[0][..wrapper] + part))}.");

        var numbers = classes.Select((name, number) => (name, number)).ToDictionary(pair => pair.name, pair => pair.number);
        return new(names, classes, names.Select(name => numbers[ClassOf(name, wrapper)]).ToArray());
    }

    private static bool IsHidden(string name) =>
        name.StartsWith('.') || name.Contains("/.", StringComparison.Ordinal)
        || name.StartsWith("__MACOSX/", StringComparison.Ordinal) || name.Contains("/__MACOSX/", StringComparison.Ordinal);

    // Names are sorted: what the first and the last share, all share.
    private static int WrapperLength(string[] names) =>
        names[0].AsSpan(0, names[0].AsSpan().CommonPrefixLength(names[^1])).LastIndexOf('/') + 1;

    private static string ClassOf(string name, int wrapper) => name[wrapper..name.IndexOf('/', wrapper)];

    private static string DescribeAbsence(string description, IReadOnlyCollection<string> files)
    {
        if (files.Count == 0)
            return $"{description} is empty. Expected images ({Extensions}), in one folder or one folder a class.";
        var kinds = files.GroupBy(file => Path.GetExtension(file).ToLowerInvariant())
            .OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal)
            .Take(5).Select(group => $"{(group.Key.Length == 0 ? "no extension" : group.Key)} ({group.Count():N0})");
        return $"{description} holds no images. Looked for {Extensions} in it and its folders; " +
            $"found {files.Count:N0} other files: {string.Join(", ", kinds)}. Name a folder of images, or the file that holds them.";
    }
}
