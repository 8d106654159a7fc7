using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Diptych.Data;

/// <summary>The labels of WebDataset samples: from <c>KEY.cls</c>, a number or name, or from <c>label</c>, <c>cls</c> or <c>class</c> in <c>KEY.json</c>.</summary>
internal sealed class SampleLabels
{
    private const int MaximumLength = 1 << 20, MaximumNumber = 99_999;
    private static readonly string[] Properties = ["label", "cls", "class"];

    private readonly List<string> _labels = [];
    private string? _firstUnlabelled;
    private int _images, _unlabelled;

    /// <summary>What the members of one sample share: the path up to the first dot of the base name.</summary>
    public static string KeyOf(string name)
    {
        int dot = name.IndexOf('.', name.LastIndexOf('/') + 1);
        return dot < 0 ? name : name[..dot];
    }

    /// <summary>Whether a tar has labels of this kind: a <c>.cls</c>, or a label in a <c>.json</c>, beside an image of the same key.</summary>
    public static bool AreIn(TarFile tar)
    {
        if (!tar.Members.Keys.Any(MayHold))
            return false;
        HashSet<string> images = ImagesOf(tar);
        if (tar.Members.Keys.Any(name => IsClass(name) && images.Contains(KeyOf(name))))
            return true;
        string? unreadable = null;
        bool isRead = false;
        foreach (var (name, (offset, length)) in tar.Members.Where(member => IsJson(member.Key) && member.Value.Length <= MaximumLength && images.Contains(KeyOf(member.Key))))
        {
            try
            {
                if (FromJson(ReadSmall(tar, name, offset, length)) is not null)
                    return true;
                isRead = true;
            }
            catch (Exception fault) when (fault is JsonException or InvalidOperationException)
            {
                unreadable ??= name; // perhaps for others' use, such as NaN from Python
            }
        }
        if (!isRead && unreadable is not null)
            LabelOf(tar, unreadable, ReadSmall(tar, unreadable, tar.Members[unreadable].Offset, tar.Members[unreadable].Length)); // says why
        return false;
    }

    /// <summary>The labels of a shard by key, as written.</summary>
    /// <exception cref="InvalidInputException">A member that describes an image is no JSON, or larger than 1 MiB.</exception>
    public static Dictionary<string, string> Read(TarFile shard)
    {
        var labels = new Dictionary<string, string>();
        HashSet<string> images = ImagesOf(shard);
        foreach (var (name, (offset, length)) in shard.Members)
            if (!MayHold(name) || !images.Contains(KeyOf(name)))
                continue;
            else if (IsClass(name))
                labels[KeyOf(name)] = Encoding.UTF8.GetString(ReadSmall(shard, name, offset, length)).Trim();
            else if (IsJson(name) && LabelOf(shard, name, ReadSmall(shard, name, offset, length)) is { } label)
                labels.TryAdd(KeyOf(name), label);
        return labels;
    }

    /// <summary>Whether a member is of a kind that may hold a label.</summary>
    public static bool MayHold(string name) => IsClass(name) || IsJson(name);

    /// <summary>Takes up the next image's label; null where it has none.</summary>
    public void Add(string image, string? label)
    {
        _images++;
        if (!string.IsNullOrEmpty(label))
            _labels.Add(string.Intern(label));
        else if (_unlabelled++ == 0)
            _firstUnlabelled = image;
    }

    /// <summary>Which images keep the others from being labelled; null where all or none have labels.</summary>
    public string? WhyUnlabelled => _unlabelled == 0 || _unlabelled == _images ? null
        : $"{_unlabelled:N0} of its {_images:N0} images {(_unlabelled == 1 ? "has no label: " : "have none, the first of them ")}{_firstUnlabelled}. Add a .cls beside each, or take them out.";

    /// <summary>Numbers the labels: themselves where all are numbers, and by name where not; none where an image has none.</summary>
    public (string[]? Names, int[]? Labels) Number(string description)
    {
        if (_unlabelled > 0)
            return (null, null);
        if (_labels.All(label => label.All(char.IsAsciiDigit)))
        {
            string? tooLarge = _labels.Find(label => label.Length > 9 || int.Parse(label, CultureInfo.InvariantCulture) > MaximumNumber);
            if (tooLarge is not null)
                throw new InvalidInputException($"'{description}' has the label {tooLarge}, the limit is {MaximumNumber:N0}. Number the classes from 0, or write their names.");
            int[] numbers = _labels.ConvertAll(label => int.Parse(label, CultureInfo.InvariantCulture)).ToArray();
            return (Enumerable.Range(0, numbers.Max() + 1).Select(number => number.ToString(CultureInfo.InvariantCulture)).ToArray(), numbers);
        }
        string[] names = _labels.Distinct().Order(StringComparer.Ordinal).ToArray();
        return (names, _labels.ConvertAll(label => Array.BinarySearch(names, label, StringComparer.Ordinal)).ToArray());
    }

    private static HashSet<string> ImagesOf(TarFile tar) => tar.Members.Keys.Where(name => ImageNames.IsImage(name) && !ImageNames.IsHidden(name)).Select(KeyOf).ToHashSet();

    private static bool IsClass(string name) => name.EndsWith(".cls", StringComparison.Ordinal);

    private static bool IsJson(string name) => name.EndsWith(".json", StringComparison.Ordinal);

    private static string? FromJson(byte[] bytes)
    {
        using var json = JsonDocument.Parse(bytes);
        if (json.RootElement.ValueKind != JsonValueKind.Object)
            return null;
        foreach (string property in Properties)
            if (json.RootElement.TryGetProperty(property, out JsonElement value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
                return value.ToString();
        return null;
    }

    private static string? LabelOf(TarFile shard, string name, byte[] bytes)
    {
        try
        {
            return FromJson(bytes);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new InvalidInputException($"'{shard.Path}' holds '{name}', which is not JSON: {SmallFile.FaultOf(fault)}. Correct it, or leave it out.", fault);
        }
    }

    private static byte[] ReadSmall(TarFile shard, string name, long offset, long length)
    {
        if (length > MaximumLength)
            throw new InvalidInputException($"'{shard.Path}' holds '{name}' of {length:N0} bytes, too large for a label; the limit is {MaximumLength:N0}. Leave it out.");
        var bytes = new byte[length];
        for (int done = 0; done < length;)
        {
            int read = RandomAccess.Read(shard.Handle, bytes.AsSpan(done), offset + done);
            done += read > 0 ? read : throw new EndOfStreamException($"the file ends within '{name}'");
        }
        return bytes;
    }
}
