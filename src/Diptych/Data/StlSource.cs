using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Diptych.Data;

/// <summary>STL-10 binary files: 96×96 red, green and blue planes, each stored column by column; labels, from 1, in a file of their own.</summary>
/// <remarks>Source: https://cs.stanford.edu/~acoates/stl10, "binary files". The 100,000 unlabelled images are read where they lie, not held in memory.</remarks>
internal sealed class StlSource : IImageSource
{
    private const int Side = 96, PlaneLength = Side * Side, ImageLength = 3 * PlaneLength, Classes = 10;
    private const string ImagesEnd = "_X.bin", LabelsEnd = "_y.bin";

    private readonly string _name;
    private readonly SafeFileHandle? _file;
    private readonly ReadOnlyMemory<byte> _unpacked; // where the file is gz
    private readonly byte[]? _labels;

    [ThreadStatic]
    private static byte[]? _record;

    private StlSource(string path)
    {
        (Description, _name) = (path, WholeFile.PlainName(path));
        long length;
        if (WholeFile.IsGzip(path))
            length = (_unpacked = WholeFile.Read(path)).Length;
        else
            length = RandomAccess.GetLength(_file = File.OpenHandle(path));
        try
        {
            if (length == 0 || length % ImageLength != 0)
                throw new InvalidInputException(
                    $"'{path}' is a truncated STL-10 file, or none: its {length:N0} bytes are not whole images of {ImageLength:N0}. Download or copy it again.");
            Count = (int)(length / ImageLength);
            if (Beside(path, _name.Replace(ImagesEnd, LabelsEnd, StringComparison.Ordinal)) is { } labels)
                (_labels, LabelNames) = (ReadLabels(path, labels), ClassNames.Beside(path, "class_names.txt", first: 1, Classes));
        }
        catch
        {
            _file?.Dispose();
            throw;
        }
    }

    public string Description { get; }

    public int Count { get; }

    public IReadOnlyList<string>? LabelNames { get; }

    public static bool IsImages(string name) => WholeFile.PlainName(name).EndsWith(ImagesEnd, StringComparison.Ordinal);

    /// <summary>A folder's unlabelled images, or its training images where those are absent; null where it is no STL-10 folder.</summary>
    public static string? FindIn(string folder) =>
        Beside(Path.Combine(folder, "x"), "unlabeled" + ImagesEnd) ?? Beside(Path.Combine(folder, "x"), "train" + ImagesEnd);

    public static StlSource Open(string path) => new(path);

    public string GetName(int index)
    {
        Check(index);
        return $"{_name}/{index}";
    }

    public int GetLabel(int index)
    {
        Check(index);
        return _labels is null ? -1 : _labels[index] - 1;
    }

    public void Decode(int index, ImageBuffer destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ReadOnlySpan<byte> image = Record(index);
        destination.Resize(Side, Side);
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(destination.Pixels);
        for (int y = 0; y < Side; y++)
            for (int x = 0; x < Side; x++)
            {
                int at = x * Side + y;
                pixels[y * Side + x] = image[at] | (uint)image[at + PlaneLength] << 8 | (uint)image[at + 2 * PlaneLength] << 16 | 0xFF000000; // little-endian
            }
    }

    public void Dispose() => _file?.Dispose();

    private ReadOnlySpan<byte> Record(int index)
    {
        Check(index);
        if (_file is null)
            return _unpacked.Span.Slice(index * ImageLength, ImageLength);
        byte[] record = _record ??= new byte[ImageLength];
        for (int done = 0; done < ImageLength;)
        {
            int read = RandomAccess.Read(_file, record.AsSpan(done), (long)index * ImageLength + done);
            if (read == 0)
                throw new UnreadableImageException(GetName(index), index, Count, "the file has become shorter");
            done += read;
        }
        return record;
    }

    private void Check(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
    }

    private byte[] ReadLabels(string path, string labelsPath)
    {
        byte[] labels = WholeFile.Read(labelsPath).ToArray();
        if (labels.Length != Count)
            throw new InvalidInputException($"'{path}' has {Count:N0} images, but '{labelsPath}' has {labels.Length:N0} labels. Put the labels that belong to it beside it, or remove them.");
        int wrong = Array.FindIndex(labels, label => label is 0 or > Classes);
        return wrong < 0
            ? labels
            : throw new InvalidInputException($"'{labelsPath}' is not an STL-10 labels file: the label at byte {wrong:N0} is {labels[wrong]}, expected 1 to {Classes}. Download or copy it again.");
    }

    private static string? Beside(string path, string name)
    {
        string plain = Path.Combine(Path.GetDirectoryName(path) ?? "", name);
        return File.Exists(plain) ? plain : File.Exists(plain + ".gz") ? plain + ".gz" : null;
    }
}
