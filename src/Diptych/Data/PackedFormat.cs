using System.Buffers.Binary;
using System.Numerics;

namespace Diptych.Data;

/// <summary>Where things stand in a packed file. docs/packed-file.md has the whole format.</summary>
internal static class PackedFormat
{
    public const int HeaderLength = 64, EntryLength = 28;
    public const uint Jpeg = 0, Raw = 1;

    /// <summary>How a packed file begins.</summary>
    public static ReadOnlySpan<byte> Magic => "DIPTYPK1"u8;

    /// <summary>CRC-32C (Castagnoli), as iSCSI and ext4 use it.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}

/// <summary>One image of a packed file.</summary>
/// <param name="Offset">Where its bytes begin in the file.</param>
/// <param name="Length">How many they are.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Label">Its label number, or −1.</param>
/// <param name="Checksum">CRC-32C of its bytes.</param>
internal readonly record struct PackedEntry(long Offset, int Length, int Width, int Height, int Label, uint Checksum)
{
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Offset);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], Width);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], Height);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[20..], Label);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], Checksum);
    }

    public static PackedEntry Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadInt64LittleEndian(bytes), BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]));
}
