namespace Diptych.Data;

/// <summary>Images by name, with the classes they belong to.</summary>
/// <param name="Names">One unique name an image.</param>
/// <param name="LabelNames">The classes' names; null where there are none.</param>
/// <param name="Labels">One label number an image; null where there are no classes.</param>
internal sealed record ImageTree(string[] Names, string[]? LabelNames, int[]? Labels)
{
    /// <inheritdoc cref="IImageSource.WhyUnlabelled"/>
    public string? WhyUnlabelled { get; init; }

    /// <inheritdoc cref="IImageSource.LeftOut"/>
    public string? LeftOut { get; init; }

    private static readonly HashSet<string> PartNames =
        new(["train", "training", "test", "testing", "val", "valid", "validation"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Finds the classes that folders name.</summary>
    /// <param name="description">What and where, to open a message with: <c>Folder 'photos'</c>.</param>
    /// <param name="path">The path the user would extend to name a folder in it.</param>
    /// <param name="names">The images' names in ordinal order; at least one.</param>
    public static ImageTree FromFolders(string description, string path, string[] names)
    {
        int wrapper = WrapperLength(names);
        if (names.FirstOrDefault(name => name.IndexOf('/', wrapper) < 0) is { } stray)
        {
            // One image beside the class folders, and the folders are none.
            return new(names, null, null)
            {
                WhyUnlabelled = names.Any(name => name.IndexOf('/', wrapper) >= 0) ? $"{stray} lies beside its folders, which are classes only when every image is in one. Move it into one, or away." : null,
            };
        }

        string[] classes = ClassesOf(names, wrapper, out int[] labels);
        string[] parts = classes.Where(PartNames.Contains).ToArray();
        if (parts.Length > 1)
            throw new InvalidInputException(
                $"{description} holds {string.Join(" and ", parts.Select(part => $"'{part}'"))}, which are parts of a set, not classes. " +
                $"Name one of them: {string.Join(" or ", parts.Select(part => Path.TrimEndingDirectorySeparator(path) + "/" + names[0][..wrapper] + part))}.");
        return new(names, classes, labels);
    }

    /// <summary>Sorts names and finds the classes that folders name.</summary>
    /// <param name="description">What and where, to open a message with: <c>Folder 'photos'</c>.</param>
    /// <param name="path">The path the user would extend to name a folder in it.</param>
    /// <param name="found">What was found there.</param>
    /// <exception cref="InvalidInputException">There are no images, or the folders are parts of a set.</exception>
    public static ImageTree Build(string description, string path, ImageNames found)
    {
        if (found.Images.Count == 0)
            throw new InvalidInputException(found.DescribeAbsence(description));
        string[] names = found.Images.ToArray();
        Array.Sort(names, StringComparer.Ordinal);
        return FromFolders(description, path, names) with { LeftOut = found.DescribeOthers() };
    }

    // Names are sorted: what the first and the last share, all share.
    private static int WrapperLength(string[] names) =>
        names[0].AsSpan(0, names[0].AsSpan().CommonPrefixLength(names[^1])).LastIndexOf('/') + 1;

    // In sorted names the images of a class follow each other, and 'a/' comes after 'a-b/'.
    private static string[] ClassesOf(string[] names, int wrapper, out int[] labels)
    {
        var starts = new List<string>();
        var numbers = new int[names.Length];
        foreach (var (index, name) in names.Index())
        {
            ReadOnlySpan<char> own = name.AsSpan(wrapper, name.IndexOf('/', wrapper) - wrapper);
            if (starts.Count == 0 || !own.SequenceEqual(starts[^1]))
                starts.Add(own.ToString());
            numbers[index] = starts.Count - 1;
        }
        string[] classes = starts.ToArray();
        Array.Sort(classes, StringComparer.Ordinal);
        int[] ranks = starts.ConvertAll(start => Array.BinarySearch(classes, start, StringComparer.Ordinal)).ToArray();
        labels = Array.ConvertAll(numbers, number => ranks[number]);
        return classes;
    }
}
