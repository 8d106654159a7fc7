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
}
