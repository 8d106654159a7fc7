using CsCheck;
using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class SampleOrderTests
{
    [Fact]
    public void Every_epoch_visits_each_image_once() =>
        Gen.Select(Gen.Long, Gen.Int[0, 1000], Gen.Int[1, 500]).Sample((seed, epoch, count) =>
            SampleOrder.ForEpoch(seed, epoch, count).Order().SequenceEqual(Enumerable.Range(0, count)));

    [Fact]
    public void The_order_is_the_documented_shuffle()
    {
        int[] expected = Enumerable.Range(0, 200).ToArray();
        var random = new CounterRandom(5, epoch: 3, view: 1_000_000);
        for (int last = 199; last > 0; last--)
        {
            int other = random.NextInt32(last + 1);
            (expected[last], expected[other]) = (expected[other], expected[last]);
        }
        Assert.Equal(expected, SampleOrder.ForEpoch(5, 3, 200));
    }

    [Fact]
    public void Seed_and_epoch_change_the_order()
    {
        string[] orders = [Order(1, 0), Order(1, 1), Order(2, 0), Order(1L << 32, 0)];
        Assert.Equal(4, orders.Distinct().Count());
        Assert.Equal(orders[1], Order(1, 1));
        static string Order(long seed, int epoch) => string.Join(' ', SampleOrder.ForEpoch(seed, epoch, 50));
    }

    [Fact]
    public void Every_image_comes_first_equally_often()
    {
        int[] counts = new int[5];
        for (int epoch = 0; epoch < 10_000; epoch++)
            counts[SampleOrder.ForEpoch(1, epoch, 5)[0]]++;
        // 5 standard deviations of a binomial with n = 10,000 and p = 1/5.
        Assert.All(counts, count => Assert.InRange(count, 2000 - 200, 2000 + 200));
    }
}
