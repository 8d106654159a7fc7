using System.Buffers.Binary;
using System.Text;

namespace Diptych.Data;

/// <summary>A packed file's header and index, checked against the file's length and their check sums.</summary>
/// <param name="IsRaw">Whether images are red, green and blue bytes instead of JPEG.</param>
/// <param name="Size">Pixels that the shorter side was brought to, where it was longer.</param>
/// <param name="Entries">Where each image lies.</param>
/// <param name="Names">Each image's name.</param>
/// <param name="LabelNames">The classes' names; null where there are none.</param>
internal sealed record PackedIndex(bool IsRaw, int Size, PackedEntry[] Entries, string[] Names, string[]? LabelNames)
{
    private const uint MaximumLabels = 1 << 24;

    /// <summary>Reads header and index.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="start">The mapped file.</param>
    /// <param name="length">Its length.</param>
    /// <exception cref="InvalidInputException">It is cut or damaged.</exception>
    public static unsafe PackedIndex Read(string path, byte* start, long length)
    {
        if (length < PackedFormat.HeaderLength)
            throw Damaged(path, $"its {length:N0} bytes are less than a header of {PackedFormat.HeaderLength}");
        var header = new ReadOnlySpan<byte>(start, PackedFormat.HeaderLength);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[60..]) != PackedFormat.Checksum(header[..60]))
            throw Damaged(path, "the check sum of its header is wrong");

        uint encoding = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]), labelCount = BinaryPrimitives.ReadUInt32LittleEndian(header[44..]);
        ulong count = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
        ulong at = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]), indexLength = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        if (at > (ulong)length || indexLength != (ulong)length - at)
            throw Damaged(path, $"it has {length:N0} bytes, but its index should end at byte {(UInt128)at + indexLength:N0}");
        if (encoding > PackedFormat.Raw || indexLength > int.MaxValue || count == 0 || count > indexLength / PackedFormat.EntryLength || labelCount > MaximumLabels)
            throw Damaged(path, "its header makes no sense");
        var index = new ReadOnlySpan<byte>(start + at, (int)indexLength);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[40..]) != PackedFormat.Checksum(index))
            throw Damaged(path, "the check sum of its index is wrong");

        var entries = new PackedEntry[count];
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = PackedEntry.Read(index[(i * PackedFormat.EntryLength)..]);
            if (!IsPossible(entries[i], encoding == PackedFormat.Raw, (long)at, (int)labelCount))
                throw Damaged(path, $"the index makes no sense at image {i:N0}");
        }
        index = index[(entries.Length * PackedFormat.EntryLength)..];
        string[] labelNames = ReadNames(path, ref index, (int)labelCount), names = ReadNames(path, ref index, entries.Length);
        return new(encoding == PackedFormat.Raw, BinaryPrimitives.ReadInt32LittleEndian(header[12..]), entries, names, labelNames.Length == 0 ? null : labelNames);
    }

    private static bool IsPossible(PackedEntry entry, bool isRaw, long end, int labels) =>
        entry.Offset >= PackedFormat.HeaderLength && entry.Length > 0 && entry.Offset <= end - entry.Length
        && entry.Width > 0 && entry.Height > 0 && (long)entry.Width * entry.Height <= ImageDecoder.MaximumPixels
        && (!isRaw || (long)entry.Width * entry.Height * 3 == entry.Length)
        && (labels == 0 ? entry.Label == -1 : entry.Label >= -1 && entry.Label < labels);

    private static string[] ReadNames(string path, ref ReadOnlySpan<byte> index, int count)
    {
        if (count > index.Length / 2)
            throw Damaged(path, "its names are cut");
        var names = new string[count];
        for (int i = 0; i < count; i++)
        {
            if (!BinaryPrimitives.TryReadUInt16LittleEndian(index, out ushort length) || length > index.Length - 2)
                throw Damaged(path, "its names are cut");
            names[i] = Encoding.UTF8.GetString(index.Slice(2, length));
            index = index[(2 + length)..];
        }
        return names;
    }

    private static InvalidInputException Damaged(string path, string fault) => new($"'{path}' is not a whole packed file: {fault}. Copy it again, or make it again with diptych pack.");
}
