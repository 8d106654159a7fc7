namespace Diptych.Tests;

public sealed class CounterRandomTests
{
    // Known answers published with the generator (Random123, kat_vectors: philox4x32 10).
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Gives_the_published_answers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint r0, uint r1, uint r2, uint r3) =>
        Assert.Equal((r0, r1, r2, r3), CounterRandom.Block(c0, c1, c2, c3, k0, k1));

    [Fact]
    public void The_same_key_gives_the_same_sequence_and_every_part_of_the_key_matters()
    {
        static string First(long seed, int epoch, int image, int view)
        {
            var random = new CounterRandom(seed, epoch, image, view);
            return string.Join(' ', Enumerable.Range(0, 9).Select(_ => random.NextUInt32()));
        }
        Assert.Equal(First(1, 2, 3, 4), First(1, 2, 3, 4));
        string[] all = [First(1, 2, 3, 4), First(2, 2, 3, 4), First(1L << 32, 2, 3, 4), First(1, 3, 3, 4), First(1, 2, 4, 4), First(1, 2, 3, 5)];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Fact]
    public void Shuffling_keeps_every_value_once()
    {
        int[] values = Enumerable.Range(0, 1000).ToArray();
        new CounterRandom(7).Shuffle(values);
        Assert.NotEqual(Enumerable.Range(0, 1000), values);
        Assert.Equal(Enumerable.Range(0, 1000), values.Order());
    }

    [Fact]
    public void Whole_numbers_are_uniform()
    {
        var random = new CounterRandom(3);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++)
            counts[random.NextInt32(7)]++;
        // 5 standard deviations of a binomial with n = 70,000 and p = 1/7.
        Assert.All(counts, count => Assert.InRange(count, 10_000 - 463, 10_000 + 463));
    }
}
