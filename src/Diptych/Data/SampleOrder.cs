using System.Security.Cryptography;
using System.Text;

namespace Diptych.Data;

/// <summary>The order in which an epoch visits the images: a pure function of (seed, epoch, count).</summary>
public static class SampleOrder
{
    private const int Stream = 1_000_000;

    /// <summary>The images' indices, each once, in the order of one epoch.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">Epoch, 0-based.</param>
    /// <param name="count">How many images there are, ≥ 1.</param>
    public static int[] ForEpoch(long seed, int epoch, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
            order[i] = i;
        new CounterRandom(seed, epoch, view: Stream).Shuffle(order);
        return order;
    }

    /// <summary>What tells one set of images from another: the same order over other images would be another run.</summary>
    /// <param name="source">The images.</param>
    /// <returns>Their number, the beginning of the SHA-256 of their names in order, and how a packed file stores them, for people and for comparison.</returns>
    public static string Fingerprint(IImageSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < source.Count; i++)
            hash.AppendData(Encoding.UTF8.GetBytes(source.GetName(i) + "\n"));
        return $"{source.Count:N0} images whose names have the SHA-256 {Convert.ToHexStringLower(hash.GetHashAndReset())[..16]}{(source.StoredAs is { } stored ? $", {stored}" : "")}";
    }
}
