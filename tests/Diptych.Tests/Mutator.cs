namespace Diptych.Tests;

/// <summary>Damages files the way disks, networks and strangers do; the same seed damages in the same way.</summary>
internal sealed class Mutator(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>How many mutations a test makes: DIPTYCH_MUTATIONS, or a quick number of its own.</summary>
    public static int Count(int quick) => int.TryParse(Environment.GetEnvironmentVariable("DIPTYCH_MUTATIONS"), out int count) ? count : quick;

    /// <summary>A copy with one to four damages.</summary>
    public byte[] Mutate(byte[] whole)
    {
        byte[] bytes = [.. whole];
        for (int i = _random.Next(1, 5); i > 0 && bytes.Length > 0; i--)
            bytes = Damage(bytes);
        return bytes;
    }

    private byte[] Damage(byte[] bytes)
    {
        int at = At(bytes), length = Math.Min(_random.Next(1, 65), bytes.Length - at);
        switch (_random.Next(7))
        {
            case 0: // a flipped bit
                bytes[at] ^= (byte)(1 << _random.Next(8));
                return bytes;
            case 1: // another byte, often a telling one
                bytes[at] = (byte)(_random.Next(2) == 0 ? _random.Next(256) : "\0\u00ff09-{}[]\",:e"[_random.Next(13)]);
                return bytes;
            case 2: // cut short
                return bytes[..at];
            case 3: // a stretch lost
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 4: // a stretch twice
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 5: // a stretch of one value
                bytes.AsSpan(at, length).Fill((byte)(_random.Next(2) * 255));
                return bytes;
            default: // a stretch from elsewhere
                bytes.AsSpan(_random.Next(bytes.Length - length + 1), length).ToArray().CopyTo(bytes, at);
                return bytes;
        }
    }

    // Heads of files decide the most, so half of all damages fall there.
    private int At(byte[] bytes) => _random.Next(_random.Next(2) == 0 ? bytes.Length : Math.Min(bytes.Length, 512));
}
