namespace Diptych.Data;

/// <summary>The images among the files of a folder or tar, taken up one by one; of the others only their kinds are counted.</summary>
internal sealed class ImageNames
{
    private const string Extensions = ".jpg, .jpeg, .png, .webp, .bmp";
    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> ImageExtensions =
        new HashSet<string>(Extensions.Split(", "), StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();

    private readonly Dictionary<string, int> _others = [];

    /// <summary>Names relative to the top, with '/', in the order taken up.</summary>
    public List<string> Images { get; } = [];

    public static bool IsImage(ReadOnlySpan<char> name) => ImageExtensions.Contains(Path.GetExtension(name));

    /// <summary>Takes up one file.</summary>
    /// <param name="name">Its name relative to the top, with '/'.</param>
    public void Add(string name)
    {
        if (IsImage(name) && !IsHidden(name))
        {
            Images.Add(name);
            return;
        }
        string extension = Path.GetExtension(name).ToLowerInvariant();
        _others[extension] = _others.GetValueOrDefault(extension) + 1;
    }

    /// <summary>Why there are no images.</summary>
    /// <param name="description">What and where, to open a message with: <c>Folder 'photos'</c>.</param>
    public string DescribeAbsence(string description)
    {
        if (_others.Count == 0)
            return $"{description} is empty. Expected images ({Extensions}), in one folder or one folder a class.";
        var kinds = _others.OrderByDescending(kind => kind.Value).ThenBy(kind => kind.Key, StringComparer.Ordinal)
            .Take(5).Select(kind => $"{(kind.Key.Length == 0 ? "no extension" : kind.Key)} ({kind.Value:N0})");
        return $"{description} holds no images. Looked for {Extensions} in it and its folders; " +
            $"found {_others.Values.Sum():N0} other files: {string.Join(", ", kinds)}. Name a folder of images, or the file that holds them" + (_others.ContainsKey(".tar") ? "; shards by their range, in quotes: 'train-{000..127}.tar'." : ".");
    }

    private static bool IsHidden(string name) =>
        name.StartsWith('.') || name.Contains("/.", StringComparison.Ordinal)
        || name.StartsWith("__MACOSX/", StringComparison.Ordinal) || name.Contains("/__MACOSX/", StringComparison.Ordinal);
}
