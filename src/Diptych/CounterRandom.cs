namespace Diptych;

/// <summary>Random numbers that are a pure function of a key: the same key always starts the same sequence, whatever ran before or beside it.</summary>
/// <remarks>
/// Philox4x32-10. Source: Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
/// The key is (seed); the counter is (draw, view, image, epoch), so results do not depend on thread count or on where a run was resumed.
/// </remarks>
public struct CounterRandom
{
    private const ulong Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    private readonly uint _key0, _key1, _epoch, _image, _view;
    private uint _draw;
    private uint _word0, _word1, _word2, _word3;
    private int _left;

    /// <summary>Starts the sequence that belongs to one view of one image in one epoch.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">Epoch, 0-based.</param>
    /// <param name="image">Index of the image in its source, 0-based.</param>
    /// <param name="view">Which view of the image, 0-based; other streams use numbers from 1,000,000 up.</param>
    public CounterRandom(long seed, int epoch = 0, int image = 0, int view = 0)
    {
        _key0 = (uint)seed;
        _key1 = (uint)(seed >> 32);
        _epoch = (uint)epoch;
        _image = (uint)image;
        _view = (uint)view;
    }

    /// <summary>The next 32 random bits.</summary>
    public uint NextUInt32()
    {
        if (_left == 0)
        {
            (_word0, _word1, _word2, _word3) = Block(_draw++, _view, _image, _epoch, _key0, _key1);
            _left = 4;
        }
        return _left-- switch { 4 => _word0, 3 => _word1, 2 => _word2, _ => _word3 };
    }

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble()
    {
        ulong high = NextUInt32(), low = NextUInt32();
        return (((high << 32) | low) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>A number in [<paramref name="minimum"/>, <paramref name="maximum"/>).</summary>
    public double NextDouble(double minimum, double maximum) => minimum + (maximum - minimum) * NextDouble();

    /// <summary>A whole number in [0, <paramref name="count"/>), without bias.</summary>
    /// <param name="count">How many values there are, ≥ 1.</param>
    public int NextInt32(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ulong product = (ulong)NextUInt32() * (uint)count;
        if ((uint)product < (uint)count)
        {
            uint threshold = (uint)(-count) % (uint)count;
            while ((uint)product < threshold)
                product = (ulong)NextUInt32() * (uint)count;
        }
        return (int)(product >> 32);
    }

    /// <summary>Puts the values in a uniformly random order (Fisher–Yates).</summary>
    public void Shuffle(Span<int> values)
    {
        for (int last = values.Length - 1; last > 0; last--)
        {
            int other = NextInt32(last + 1);
            (values[last], values[other]) = (values[other], values[last]);
        }
    }

    internal static (uint, uint, uint, uint) Block(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = Multiplier0 * c0, product1 = Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(product1 >> 32) ^ c1 ^ k0, (uint)product1, (uint)(product0 >> 32) ^ c3 ^ k1, (uint)product0);
            k0 += Weyl0;
            k1 += Weyl1;
        }
        return (c0, c1, c2, c3);
    }
}
