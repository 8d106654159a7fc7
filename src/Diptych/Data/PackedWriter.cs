using System.Buffers.Binary;
using System.Text;

namespace Diptych.Data;

/// <summary>Writes a packed file: the images one after the other, then the index, then the header that makes it whole.</summary>
/// <param name="stream">An empty stream that can seek; stays open.</param>
/// <param name="isRaw">Whether images are red, green and blue bytes instead of JPEG.</param>
/// <param name="size">The shorter side of the images, for the header.</param>
internal sealed class PackedWriter(Stream stream, bool isRaw, int size)
{
    private readonly List<PackedEntry> _entries = [];
    private readonly List<string> _names = [];
    private long _end = PackedFormat.HeaderLength;

    /// <summary>Checks that the names of images and classes fit.</summary>
    /// <exception cref="InvalidInputException">One does not.</exception>
    public static void Check(IEnumerable<string> names)
    {
        if (names.FirstOrDefault(name => Encoding.UTF8.GetByteCount(name) > ushort.MaxValue) is { } longest)
            throw new InvalidInputException($"The name {longest[..60]}… has {Encoding.UTF8.GetByteCount(longest):N0} bytes, a packed file has room for {ushort.MaxValue:N0}. Shorten it.");
    }

    /// <summary>Appends one image.</summary>
    /// <param name="name">Its name; unique.</param>
    /// <param name="label">Its label number, or −1.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="bytes">A JPEG file, or 3 · width · height bytes.</param>
    public void Add(string name, int label, int width, int height, ReadOnlySpan<byte> bytes)
    {
        stream.Position = _end;
        stream.Write(bytes);
        _entries.Add(new(_end, bytes.Length, width, height, label, PackedFormat.Checksum(bytes)));
        _names.Add(name);
        _end += bytes.Length;
    }

    /// <summary>Writes index and header.</summary>
    /// <param name="labelNames">The classes' names; null where there are none.</param>
    public void Finish(IReadOnlyList<string>? labelNames)
    {
        byte[] index = BuildIndex(labelNames ?? []);
        stream.Position = _end;
        stream.Write(index);

        Span<byte> header = stackalloc byte[PackedFormat.HeaderLength];
        header.Clear();
        PackedFormat.Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], isRaw ? PackedFormat.Raw : PackedFormat.Jpeg);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], size);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], _entries.Count);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], _end);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], index.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], PackedFormat.Checksum(index));
        BinaryPrimitives.WriteInt32LittleEndian(header[44..], labelNames?.Count ?? 0);
        BinaryPrimitives.WriteUInt32LittleEndian(header[60..], PackedFormat.Checksum(header[..60]));
        stream.Position = 0;
        stream.Write(header);
    }

    private byte[] BuildIndex(IReadOnlyList<string> labelNames)
    {
        var index = new MemoryStream();
        Span<byte> entry = stackalloc byte[PackedFormat.EntryLength];
        foreach (PackedEntry written in _entries)
        {
            written.Write(entry);
            index.Write(entry);
        }
        Span<byte> length = stackalloc byte[2];
        foreach (string name in labelNames.Concat(_names))
        {
            byte[] text = Encoding.UTF8.GetBytes(name);
            BinaryPrimitives.WriteUInt16LittleEndian(length, checked((ushort)text.Length));
            index.Write(length);
            index.Write(text);
        }
        return index.ToArray();
    }
}
