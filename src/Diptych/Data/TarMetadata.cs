namespace Diptych.Data;

/// <summary>Looks at the sizes of long names and extended attributes in a tar, for which .NET's reader takes memory before it looks.</summary>
internal static class TarMetadata
{
    private const int BlockLength = 512, SizeAt = 124, SizeLength = 12, ChecksumAt = 148, ChecksumLength = 8, KindAt = 156;
    private const long MaximumLength = 1 << 20;

    /// <summary>Walks the headers, as far as they are whole; the reader speaks of what comes then.</summary>
    /// <exception cref="InvalidInputException">A name or attributes of more than 1 MiB.</exception>
    public static void Check(string path, FileStream file)
    {
        Span<byte> header = stackalloc byte[BlockLength];
        for (long at = 0; at >= 0 && at + BlockLength <= file.Length && RandomAccess.Read(file.SafeFileHandle, header, at) == BlockLength && HasChecksum(header);)
        {
            long length = Number(header.Slice(SizeAt, SizeLength));
            if ((char)header[KindAt] is 'L' or 'K' or 'x' or 'g' && length is < 0 or > MaximumLength)
                throw new InvalidInputException($"'{path}' is not a readable tar: the name or attributes at byte {at:N0} should have {length:N0} bytes, the limit is {MaximumLength:N0}. Make or download it again.");
            if (length < 0 || length > file.Length)
                return;
            at += BlockLength + (length + BlockLength - 1) / BlockLength * BlockLength;
        }
    }

    private static bool HasChecksum(ReadOnlySpan<byte> header)
    {
        int sum = ChecksumLength * ' ';
        for (int i = 0; i < BlockLength; i++)
            sum += i is >= ChecksumAt and < ChecksumAt + ChecksumLength ? 0 : header[i];
        return Number(header.Slice(ChecksumAt, ChecksumLength)) == sum;
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
