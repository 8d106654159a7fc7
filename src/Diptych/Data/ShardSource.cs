namespace Diptych.Data;

/// <summary>Images in tar shards of WebDataset's layout: one after the other, labelled by the members that share their key.</summary>
/// <remarks>Source: https://github.com/webdataset/webdataset. Read at offsets, so the order of an epoch is exact, not a shuffle buffer's.</remarks>
internal sealed class ShardSource : EncodedSource
{
    private readonly TarFile[] _shards;
    private readonly (int Shard, long Offset, long Length)[] _members;

    private ShardSource(string description, TarFile[] shards, (int, long, long)[] members, ImageTree tree, bool appliesOrientation)
        : base(description, tree, appliesOrientation) => (_shards, _members) = (shards, members);

    /// <summary>Opens every shard of a range.</summary>
    /// <param name="pattern">What the user wrote: <c>train-{000..127}.tar</c>.</param>
    /// <param name="appliesOrientation">Whether EXIF orientation is applied.</param>
    public static ShardSource Open(string pattern, bool appliesOrientation)
    {
        string[] paths = ShardPattern.Expand(pattern);
        string[] missing = paths.Where(path => !File.Exists(path)).ToArray();
        if (missing.Length > 0)
            throw new InvalidInputException(
                $"{missing.Length:N0} of the {paths.Length:N0} shards of '{pattern}' are missing: {string.Join(", ", missing.Take(5))}{(missing.Length > 5 ? ", …" : "")}. Correct the range, or download them.");
        if (!paths.All(TarFile.IsTar))
            throw new InvalidInputException($"'{pattern}' does not name tar files. Shards end in .tar, .tar.gz or .tgz.");
        var shards = new List<TarFile>(paths.Length);
        try
        {
            foreach (string path in paths)
                shards.Add(TarFile.Open(path));
            return Open(pattern, [.. shards], appliesOrientation);
        }
        catch
        {
            shards.ForEach(shard => shard.Dispose());
            throw;
        }
    }

    /// <summary>Opens the images of shards that are open; they are disposed with what is returned.</summary>
    public static ShardSource Open(string description, TarFile[] shards, bool appliesOrientation)
    {
        var found = new ImageNames();
        var members = new List<(int, long, long)>();
        var labels = new SampleLabels();
        string[] starts = StartsOf(shards);
        foreach (var (number, shard) in shards.Index())
        {
            Dictionary<string, string> written = SampleLabels.Read(shard);
            foreach (var (name, (offset, length)) in shard.Members)
            {
                if (SampleLabels.MayHold(name) && written.ContainsKey(SampleLabels.KeyOf(name)))
                    continue;
                int before = found.Images.Count;
                found.Add(name);
                if (found.Images.Count == before)
                    continue;
                found.Images[^1] = starts[number] + name;
                members.Add((number, offset, length));
                labels.Add(found.Images[^1], written.GetValueOrDefault(SampleLabels.KeyOf(name)));
            }
        }
        if (members.Count == 0)
            throw new InvalidInputException(found.DescribeAbsence($"'{description}'"));
        var (labelNames, numbers) = labels.Number(description);
        return new(description, shards, [.. members], new([.. found.Images], labelNames, numbers) { WhyUnlabelled = labels.WhyUnlabelled, LeftOut = found.DescribeOthers() }, appliesOrientation);
    }

    // What stands before an image's name: its shard's path from the folder that holds all shards.
    private static string[] StartsOf(TarFile[] shards)
    {
        if (shards.Length == 1)
            return [""];
        string[] paths = Array.ConvertAll(shards, shard => shard.Path.Replace(Path.DirectorySeparatorChar, '/'));
        int common = paths.Min(path => paths[0].AsSpan().CommonPrefixLength(path)), folder = paths[0].AsSpan(0, common).LastIndexOf('/') + 1;
        return Array.ConvertAll(paths, path => path[folder..] + "/");
    }

    public override void Dispose()
    {
        foreach (TarFile shard in _shards)
            shard.Dispose();
    }

    protected override byte[] Read(int index, out int length)
    {
        var (shard, offset, size) = _members[index];
        byte[] bytes = ReadAt(_shards[shard].Handle, offset, size);
        length = (int)size;
        return bytes;
    }
}
