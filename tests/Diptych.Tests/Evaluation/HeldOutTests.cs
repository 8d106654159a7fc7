using CsCheck;
using Diptych.Evaluation;

namespace Diptych.Tests.Evaluation;

public sealed class HeldOutTests
{
    [Fact]
    public void Every_image_is_held_out_once_and_classes_are_shared_evenly() => Gen.Int[0, 4].Array[2, 300].Sample(labels =>
    {
        HeldOut[] parts = HeldOut.For(labels, seed: 7);
        if (labels.Length >= 5)
            Assert.Equal(Enumerable.Range(0, labels.Length), parts.SelectMany(p => p.Held).Order());
        foreach (HeldOut part in parts)
        {
            Assert.Equal(Enumerable.Range(0, labels.Length), part.Fit.Concat(part.Held).Order());
            foreach (var group in labels.GroupBy(l => l))
                Assert.InRange(part.Held.Count(i => labels[i] == group.Key), group.Count() / 5, (group.Count() + 4) / 5);
        }
    });

    [Fact]
    public void Many_labels_are_held_out_once_only()
    {
        int[] labels = Enumerable.Range(0, 5000).Select(i => i % 10).ToArray();
        HeldOut part = Assert.Single(HeldOut.For(labels, 1));
        Assert.Equal(1000, part.Held.Length);
        Assert.Equal(part.Held, HeldOut.For(labels, 1)[0].Held);
        Assert.NotEqual(part.Held, HeldOut.For(labels, 2)[0].Held);
    }

    [Fact]
    public void One_label_is_not_enough() =>
        Assert.Contains("1 labelled image", Assert.Throws<ArgumentException>(() => HeldOut.For([0], 1)).Message, StringComparison.Ordinal);
}
