namespace Diptych.Tests.Data.Fuzzing;

/// <summary>Damages files as disks, networks and attackers do. What becomes of seed file and number is always the same.</summary>
internal static class Mutator
{
    private static readonly byte[][] Telling = [[0], [0xFF], [0x7F], [0x80], [0xFF, 0xD9], [0xFF, 0xDA], [0xFF, 0xC4], [0xFF, 0xC2], [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [0, 0, 0x75, 0x30]];

    public static byte[] Mutate(byte[] seed, byte[] other, int number)
    {
        var random = new Random(number);
        byte[] file = [.. seed];
        for (int changes = 1 + random.Next(random.Next(1, 8)); changes > 0; changes--)
            file = Change(file, other, random);
        return file;
    }

    private static byte[] Change(byte[] file, byte[] other, Random random)
    {
        if (file.Length == 0)
            return file;
        // Headers decide most, so half of all changes happen there.
        int at = random.Next(2) == 0 ? random.Next(Math.Min(file.Length, 640)) : random.Next(file.Length);
        int length = Math.Min(1 + random.Next(random.Next(1, 64)), file.Length - at);
        switch (random.Next(8))
        {
            case 0:
                file[at] ^= (byte)(1 << random.Next(8));
                return file;
            case 1:
                file[at] = (byte)random.Next(256);
                return file;
            case 2:
                byte[] value = Telling[random.Next(Telling.Length)];
                value.AsSpan(0, Math.Min(value.Length, file.Length - at)).CopyTo(file.AsSpan(at));
                return file;
            case 3:
                return file[..at];
            case 4:
                return [.. file[..at], .. file[(at + length)..]];
            case 5:
                return [.. file[..at], .. file.AsSpan(at, length), .. file[at..]];
            case 6:
                random.NextBytes(file.AsSpan(at, length));
                return file;
            default:
                int from = random.Next(other.Length);
                return [.. file[..at], .. other.AsSpan(from, Math.Min(length * 8, other.Length - from)), .. file[at..]];
        }
    }
}
