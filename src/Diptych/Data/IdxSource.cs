using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Diptych.Data;

/// <summary>Gray images in an idx file (MNIST, Fashion-MNIST, EMNIST), held in memory, with the labels file beside it where there is one.</summary>
/// <remarks>Source: http://yann.lecun.com/exdb/mnist/, "the idx file format". Classes are named by their numbers, which is all the format has.</remarks>
internal sealed class IdxSource : IImageSource
{
    private const uint ImagesMagic = 0x0803, LabelsMagic = 0x0801;
    private const int ImagesHeader = 16, LabelsHeader = 8;

    private readonly string _name;
    private readonly ReadOnlyMemory<byte> _images; // [Count, _height, _width]
    private readonly ReadOnlyMemory<byte>? _labels;
    private readonly int _width, _height;

    private IdxSource(string path, ReadOnlyMemory<byte> images, int count, int height, int width, ReadOnlyMemory<byte>? labels)
    {
        (Description, _name, _images, Count, _height, _width, _labels) = (path, WholeFile.PlainName(path), images, count, height, width, labels);
        if (labels is { } known)
            LabelNames = Enumerable.Range(0, known.ToArray().Max() + 1).Select(number => number.ToString()).ToArray();
    }

    public string Description { get; }

    public int Count { get; }

    public IReadOnlyList<string>? LabelNames { get; }

    public static bool IsIdx(string name) => IsImages(name) || WholeFile.PlainName(name).EndsWith("idx1-ubyte", StringComparison.Ordinal);

    /// <summary>The images file of a folder, or null where there is none.</summary>
    public static string? FindIn(string folder)
    {
        // Of a file and its .gz, the file.
        string[] found = Directory.EnumerateFiles(folder).Where(IsImages).GroupBy(WholeFile.PlainName)
            .Select(group => group.MinBy(path => path.Length)!).Order(StringComparer.Ordinal).ToArray();
        if (found.Length <= 1)
            return found.SingleOrDefault();
        string[] training = found.Where(path => Path.GetFileName(path).StartsWith("train-", StringComparison.Ordinal)).ToArray();
        return training.Length == 1
            ? training[0]
            : throw new InvalidInputException(
                $"Folder '{folder}' holds {found.Length} idx sets. Name one of them: {string.Join(", ", found.Select(path => Path.GetFileName(path)))}.");
    }

    public static IdxSource Open(string path)
    {
        if (!IsImages(path))
            throw new InvalidInputException($"'{path}' is an idx file of labels. Name the images file beside it (images-idx3-ubyte).");
        ReadOnlyMemory<byte> file = WholeFile.Read(path);
        uint[] header = ReadHeader(path, file.Span, ImagesMagic, ImagesHeader);
        var (count, height, width) = (header[0], header[1], header[2]);
        if (count == 0 || height == 0 || width == 0)
            throw new InvalidInputException($"'{path}' holds no images: its header says {count:N0} of {width:N0} × {height:N0} pixels. Download or copy it again.");
        if ((UInt128)height * width > ImageDecoder.MaximumPixels)
            throw new InvalidInputException($"'{path}' says that its images have {width:N0} × {height:N0} pixels; the limit is {ImageDecoder.MaximumPixels:N0}. Download or copy it again.");
        // Each of the three is below 2³², so their product is taken in 128 bits.
        CheckLength(path, file.Length, ImagesHeader + (Int128)count * height * width, $"{count:N0} images of {width:N0} × {height:N0}");
        return new(path, file[ImagesHeader..], (int)count, (int)height, (int)width, ReadLabels(path, (int)count));
    }

    public string GetName(int index)
    {
        Check(index);
        return $"{_name}/{index}";
    }

    public int GetLabel(int index)
    {
        Check(index);
        return _labels is { } labels ? labels.Span[index] : -1;
    }

    public void Decode(int index, ImageBuffer destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        Check(index);
        int length = _width * _height;
        ReadOnlySpan<byte> image = _images.Span.Slice(index * length, length);
        destination.Resize(_width, _height);
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(destination.Pixels);
        for (int i = 0; i < image.Length; i++)
            pixels[i] = image[i] * 0x010101u | 0xFF000000; // little-endian
    }

    public void Dispose() { }

    private void Check(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
    }

    private static bool IsImages(string name) => WholeFile.PlainName(name).EndsWith("idx3-ubyte", StringComparison.Ordinal);

    private static ReadOnlyMemory<byte>? ReadLabels(string imagesPath, int count)
    {
        string name = WholeFile.PlainName(imagesPath).Replace("images", "labels", StringComparison.Ordinal).Replace("idx3", "idx1", StringComparison.Ordinal);
        string plain = Path.Combine(Path.GetDirectoryName(imagesPath) ?? "", name);
        if ((File.Exists(plain) ? plain : File.Exists(plain + ".gz") ? plain + ".gz" : null) is not { } path)
            return null;
        ReadOnlyMemory<byte> file = WholeFile.Read(path);
        uint labels = ReadHeader(path, file.Span, LabelsMagic, LabelsHeader)[0];
        CheckLength(path, file.Length, LabelsHeader + (Int128)labels, $"{labels:N0} labels");
        return labels == count
            ? file[LabelsHeader..]
            : throw new InvalidInputException($"'{imagesPath}' has {count:N0} images, but '{path}' has {labels:N0} labels. Put the labels that belong to it beside it, or remove them.");
    }

    // The numbers that follow the magic, most significant byte first.
    private static uint[] ReadHeader(string path, ReadOnlySpan<byte> file, uint magic, int headerLength)
    {
        if (file.Length < headerLength)
            throw new InvalidInputException($"'{path}' is a truncated idx file: it has {file.Length:N0} bytes, its header alone needs {headerLength}. Download or copy it again.");
        uint found = BinaryPrimitives.ReadUInt32BigEndian(file);
        if (found != magic)
            throw new InvalidInputException($"'{path}' is not an idx file of {(magic == ImagesMagic ? "images" : "labels")}: it begins with 0x{found:X8}, expected 0x{magic:X8}. Download or copy it again.");
        uint[] numbers = new uint[headerLength / 4 - 1];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = BinaryPrimitives.ReadUInt32BigEndian(file[(4 * i + 4)..]);
        return numbers;
    }

    private static void CheckLength(string path, int found, Int128 expected, string contents)
    {
        if (found == expected)
            return;
        string fault = found < expected ? "a truncated idx file" : "no idx file, or has bytes after its end";
        throw new InvalidInputException($"'{path}' is {fault}: its header says {contents}, {expected:N0} bytes in all, but it has {found:N0}. Download or copy it again.");
    }
}
