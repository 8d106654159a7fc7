using System.Runtime.InteropServices;

namespace Diptych.Data;

/// <summary>CIFAR-10 and CIFAR-100 binary files, held in memory: a label byte (two for CIFAR-100, coarse then fine), then 32×32 red, green and blue.</summary>
/// <remarks>Source: https://www.cs.toronto.edu/~kriz/cifar.html, "binary version". CIFAR-100 gives its fine labels.</remarks>
internal sealed class CifarSource : IImageSource
{
    private const int Side = 32, PlaneLength = Side * Side, ImageLength = 3 * PlaneLength;
    private const int Record10 = 1 + ImageLength, Record100 = 2 + ImageLength;

    private readonly (string Name, ReadOnlyMemory<byte> Bytes)[] _batches;
    private readonly int[] _starts;
    private readonly int _recordLength;

    private CifarSource(string description, (string, ReadOnlyMemory<byte> Bytes)[] batches, int recordLength, string[] labelNames)
    {
        (Description, _batches, _recordLength, LabelNames) = (description, batches, recordLength, labelNames);
        _starts = new int[batches.Length];
        foreach (var (number, batch) in batches.Index())
        {
            _starts[number] = Count;
            Count += batch.Bytes.Length / recordLength;
        }
    }

    public string Description { get; }

    public int Count { get; }

    public IReadOnlyList<string> LabelNames { get; }

    public static bool IsBatch(string name) => WholeFile.PlainName(name).EndsWith(".bin", StringComparison.OrdinalIgnoreCase);

    /// <summary>The training batches in a folder (the test batch where they are absent), by name; none where it is no CIFAR folder.</summary>
    public static string[] FindIn(string folder)
    {
        // Of a file and its .gz, the file.
        var found = Directory.EnumerateFiles(folder).Where(IsBatch).GroupBy(WholeFile.PlainName)
            .ToDictionary(group => group.Key, group => group.MinBy(path => path.Length)!);
        string[] training = found.Keys.Where(name => name.StartsWith("data_batch_", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        if (training.Length > 0)
            return training.Select(name => found[name]).ToArray();
        foreach (string name in (string[])["train.bin", "test_batch.bin", "test.bin"])
            if (found.TryGetValue(name, out string? path))
                return [path];
        return [];
    }

    public static CifarSource Open(string description, string[] paths)
    {
        var batches = paths.Select(path => (WholeFile.PlainName(path), WholeFile.Read(path))).ToArray();
        int recordLength = RecordLength(paths[0], batches[0]);
        string[] names = recordLength == Record10 ? ClassNames.Beside(paths[0], "batches.meta.txt", first: 0, count: 10) : ClassNames.Beside(paths[0], "fine_label_names.txt", first: 0, count: 100);
        foreach (var (path, (_, bytes)) in paths.Zip(batches))
            Check(path, bytes.Span, recordLength, names.Length);
        return new(description, batches, recordLength, names);
    }

    public string GetName(int index)
    {
        var (batch, record) = Locate(index);
        return $"{_batches[batch].Name}/{record}";
    }

    public int GetLabel(int index) => Record(index)[_recordLength - ImageLength - 1];

    public void Decode(int index, ImageBuffer destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ReadOnlySpan<byte> image = Record(index)[^ImageLength..];
        destination.Resize(Side, Side);
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(destination.Pixels);
        for (int i = 0; i < PlaneLength; i++)
            pixels[i] = image[i] | (uint)image[i + PlaneLength] << 8 | (uint)image[i + 2 * PlaneLength] << 16 | 0xFF000000; // little-endian
    }

    public void Dispose() { }

    private ReadOnlySpan<byte> Record(int index)
    {
        var (batch, record) = Locate(index);
        return _batches[batch].Bytes.Span.Slice(record * _recordLength, _recordLength);
    }

    private (int Batch, int Record) Locate(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int batch = Array.BinarySearch(_starts, index);
        batch = batch < 0 ? ~batch - 1 : batch;
        return (batch, index - _starts[batch]);
    }

    private static int RecordLength(string path, (string Name, ReadOnlyMemory<byte> Bytes) batch)
    {
        int length = batch.Bytes.Length;
        bool isNamedAs100 = batch.Name is "train.bin" or "test.bin";
        bool fits10 = length % Record10 == 0, fits100 = length % Record100 == 0;
        if (length > 0 && (fits10 || fits100))
            return fits10 && fits100 ? (isNamedAs100 ? Record100 : Record10) : fits10 ? Record10 : Record100;
        if (isNamedAs100)
            throw Truncated(path, length, Record100);
        throw Truncated(path, length, Record10);
    }

    private static void Check(string path, ReadOnlySpan<byte> bytes, int recordLength, int labels)
    {
        if (bytes.Length == 0 || bytes.Length % recordLength != 0)
            throw Truncated(path, bytes.Length, recordLength);
        for (int at = recordLength - ImageLength - 1; at < bytes.Length; at += recordLength)
            if (bytes[at] >= labels)
                throw new InvalidInputException(
                    $"'{path}' is not CIFAR-{labels}: the label at byte {at:N0} is {bytes[at]}, expected 0 to {labels - 1}. Name a CIFAR-10 or CIFAR-100 binary file.");
    }

    private static InvalidInputException Truncated(string path, int length, int recordLength) =>
        new(length == 0
            ? $"'{path}' is empty. Expected CIFAR records of {Record10:N0} or {Record100:N0} bytes. Download or copy it again."
            : $"'{path}' is a truncated CIFAR file, or none: its {length:N0} bytes are not whole records of {recordLength:N0}; " +
              $"the record at byte {length - length % recordLength:N0} has only {length % recordLength:N0}. Download or copy it again.");
}
