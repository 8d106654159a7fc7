namespace Diptych.Data;

/// <summary>The images among the files of a folder or tar, taken up one by one; of the others only their kinds are counted.</summary>
internal sealed class ImageNames
{
    private const string Extensions = ".jpg, .jpeg, .jfif, .png, .webp, .bmp";
    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> ImageExtensions =
        new HashSet<string>(Extensions.Split(", "), StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();

    private const string Hidden = "hidden", NoExtension = "no extension";

    private readonly Dictionary<string, int> _others = [];

    /// <summary>Names relative to the top, with '/', in the order taken up.</summary>
    public List<string> Images { get; } = [];

    /// <summary>How many files there are of each other kind: an extension in lower case, or words.</summary>
    public IReadOnlyDictionary<string, int> Others => _others;

    public static bool IsImage(ReadOnlySpan<char> name) => ImageExtensions.Contains(Path.GetExtension(name));

    /// <summary>Takes up one file.</summary>
    /// <param name="name">Its name relative to the top, with '/'.</param>
    public void Add(string name)
    {
        if (IsHidden(name))
            AddOthers(Hidden, 1);
        else if (IsImage(name))
            Images.Add(name);
        else
            AddOthers(Path.GetExtension(name) is { Length: > 0 } extension ? extension.ToLowerInvariant() : NoExtension, 1);
    }

    /// <summary>Takes up files of one other kind.</summary>
    public void AddOthers(string kind, int count) => _others[kind] = _others.GetValueOrDefault(kind) + count;

    /// <summary>The other files' kinds, the most frequent first: <c>.gif (900), hidden (2)</c>; null where there are none.</summary>
    public string? DescribeOthers() => _others.Count == 0 ? null : string.Join(", ", _others
        .OrderByDescending(kind => kind.Value).ThenBy(kind => kind.Key, StringComparer.Ordinal).Take(5).Select(kind => $"{kind.Key} ({kind.Value:N0})"));

    /// <summary>Why there are no images.</summary>
    /// <param name="description">What and where, to open a message with: <c>Folder 'photos'</c>.</param>
    public string DescribeAbsence(string description)
    {
        if (_others.Count == 0)
            return $"{description} is empty. Expected images ({Extensions}), in one folder or one folder a class.";
        return $"{description} holds no images. Looked for {Extensions} in it and its folders; " +
            $"found {_others.Values.Sum():N0} other files: {DescribeOthers()}. Name a folder of images, or the file that holds them" + (_others.ContainsKey(".tar") ? "; shards by their range, in quotes: 'train-{000..127}.tar'." : ".");
    }

    /// <summary>Whether a file or a folder on its way begins with a dot, or is what macOS adds to an archive.</summary>
    public static bool IsHidden(string name) =>
        name.StartsWith('.') || name.Contains("/.", StringComparison.Ordinal)
        || name.StartsWith("__MACOSX/", StringComparison.Ordinal) || name.Contains("/__MACOSX/", StringComparison.Ordinal);
}
