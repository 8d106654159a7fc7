namespace Diptych.Data;

/// <summary>Looks at check sums in a tar, which .NET's reader passes over, and at the sizes of long names and attributes, for which it takes memory at once.</summary>
/// <remarks>The walk ends where attributes give a member's size (above 8 GB): from there on the reader is alone.</remarks>
internal static class TarMetadata
{
    private const int BlockLength = 512, SizeAt = 124, SizeLength = 12, ChecksumAt = 148, ChecksumLength = 8, KindAt = 156;
    private const long MaximumLength = 1 << 20;

    /// <summary>Walks the headers to the end marker or the file's end; what is wrong there the reader finds.</summary>
    /// <exception cref="InvalidInputException">A wrong check sum, or a name or attributes of more than 1 MiB.</exception>
    public static void Check(string path, FileStream file)
    {
        Span<byte> header = stackalloc byte[BlockLength];
        for (long at = 0; at >= 0 && at + BlockLength <= file.Length && RandomAccess.Read(file.SafeFileHandle, header, at) == BlockLength && header.ContainsAnyExcept((byte)0);)
        {
            if (!HasChecksum(header))
                throw new InvalidInputException($"'{path}' is not a readable tar: no member header at byte {at:N0} (its check sum is wrong). Make or download it again.");
            long length = Number(header.Slice(SizeAt, SizeLength));
            if ((char)header[KindAt] is 'L' or 'K' or 'x' or 'g' && length is < 0 or > MaximumLength)
                throw new InvalidInputException($"'{path}' is not a readable tar: the name or attributes at byte {at:N0} should have {length:N0} bytes, the limit is {MaximumLength:N0}. Make or download it again.");
            if (length < 0 || length > file.Length || ((char)header[KindAt] == 'x' && GivesSize(file, at + BlockLength, (int)length)))
                return;
            at += BlockLength + (length + BlockLength - 1) / BlockLength * BlockLength;
        }
    }

    private static bool GivesSize(FileStream file, long at, int length)
    {
        var attributes = new byte[length];
        int read = RandomAccess.Read(file.SafeFileHandle, attributes, at);
        return attributes.AsSpan(0, read).IndexOf(" size="u8) >= 0;
    }

    // Old programs added signed bytes; both are accepted, as tar does.
    private static bool HasChecksum(ReadOnlySpan<byte> header)
    {
        int unsigned = ChecksumLength * ' ', signed = unsigned;
        for (int i = 0; i < BlockLength; i++)
            if (i is < ChecksumAt or >= ChecksumAt + ChecksumLength)
                (unsigned, signed) = (unsigned + header[i], signed + (sbyte)header[i]);
        long found = Number(header.Slice(ChecksumAt, ChecksumLength));
        return found == unsigned || found == signed;
    }

    // Octal digits, or after a byte with the highest bit the number itself, most significant byte first.
    private static long Number(ReadOnlySpan<byte> field)
    {
        long number = 0;
        if (field[0] >= 0x80)
        {
            foreach (byte value in field[1..])
                number = number << 8 | value;
            return number;
        }
        foreach (byte digit in field)
            if (digit is >= (byte)'0' and <= (byte)'7')
                number = number * 8 + digit - '0';
            else if (digit != ' ' || number != 0)
                break;
        return number;
    }
}
