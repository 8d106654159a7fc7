using CsCheck;
using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class StratifiedDrawTests
{
    private static readonly string[] Names = ["a", "b", "c"];

    [Fact]
    public void Every_class_gives_the_same_number_and_a_larger_draw_contains_the_smaller() =>
        Gen.Select(Gen.Int[0, 2].Array[60, 200], Gen.Long, Gen.Int[1, 5]).Sample((labels, seed, perClass) =>
        {
            using var source = new LabelledSource([.. labels, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2], Names);
            int[] draw = StratifiedDraw.PerClass(source, perClass, seed);
            Assert.Equal(Enumerable.Repeat(perClass, 3), draw.CountBy(source.GetLabel).OrderBy(pair => pair.Key).Select(pair => pair.Value));
            Assert.Equal(draw.Order().Distinct(), draw);
            Assert.Subset(StratifiedDraw.PerClass(source, perClass + 1, seed).ToHashSet(), draw.ToHashSet());
        }, iter: 50);

    [Fact]
    public void Classes_without_images_and_images_without_a_class_are_passed_over()
    {
        using var source = new LabelledSource([1, 1, -1, 2, 2], Names); // as numbered from 1
        Assert.Equal([0, 1, 3, 4], StratifiedDraw.PerClass(source, 2, 1));
        Assert.EndsWith("too few in b (2), c (2). Use --labels-per-class of at most 2.", Assert.Throws<InvalidInputException>(() => StratifiedDraw.PerClass(source, 3, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_seed_decides()
    {
        using var source = new LabelledSource(Enumerable.Range(0, 300).Select(i => i % 3).ToArray(), Names);
        Assert.Equal(StratifiedDraw.PerClass(source, 10, 1), StratifiedDraw.PerClass(source, 10, 1));
        Assert.NotEqual(StratifiedDraw.PerClass(source, 10, 1), StratifiedDraw.PerClass(source, 10, 2));
    }

    [Fact]
    public void Every_image_of_a_class_is_drawn_equally_often()
    {
        using var source = new LabelledSource([0, 0, 0, 0, 1], ["a", "b"]);
        int[] counts = new int[4];
        for (int seed = 0; seed < 10_000; seed++)
            counts[StratifiedDraw.PerClass(source, 1, seed)[0]]++;
        // 5 standard deviations of a binomial with n = 10,000 and p = 1/4.
        Assert.All(counts, count => Assert.InRange(count, 2500 - 217, 2500 + 217));
    }

    [Fact]
    public void A_fraction_is_rounded_class_by_class_and_takes_at_least_one()
    {
        using var source = new LabelledSource([.. Enumerable.Repeat(0, 100), .. Enumerable.Repeat(1, 16), 2], Names);
        Assert.Equal([10, 2, 1], Counts(0.1));
        Assert.Equal([1, 1, 1], Counts(0.001));
        Assert.Equal(Enumerable.Range(0, 117), StratifiedDraw.Fraction(source, 1, 3));
        foreach (double fraction in (double[])[0, -1, 1.01, double.NaN])
            Assert.Throws<ArgumentOutOfRangeException>(() => StratifiedDraw.Fraction(source, fraction, 3));
        IEnumerable<int> Counts(double fraction) =>
            StratifiedDraw.Fraction(source, fraction, 3).CountBy(source.GetLabel).OrderBy(pair => pair.Key).Select(pair => pair.Value);
    }

    [Fact]
    public void Classes_that_are_too_small_are_all_named()
    {
        using var source = new LabelledSource([0, 0, 0, 1, 2, 2], Names);
        Assert.Equal(
            "Cannot draw 3 images a class from memory: too few in b (1), c (2). Use --labels-per-class of at most 1.",
            Assert.Throws<InvalidInputException>(() => StratifiedDraw.PerClass(source, 3, 0)).Message);
    }

    [Fact]
    public void A_source_without_labels_is_refused()
    {
        using var source = new LabelledSource([-1, -1], null);
        Assert.StartsWith("memory has no labels to draw by.", Assert.Throws<InvalidInputException>(() => StratifiedDraw.PerClass(source, 1, 0)).Message, StringComparison.Ordinal);
    }
}
