namespace Diptych.Data;

/// <summary>Draws images at random class by class, for evaluations with few labels.</summary>
/// <remarks>A pure function of the seed and the labels. With one seed a larger draw contains the smaller one.</remarks>
public static class StratifiedDraw
{
    private const int Stream = 1_000_001;

    /// <summary>Draws the same number of images from every class that has any.</summary>
    /// <param name="source">A source with labels.</param>
    /// <param name="perClass">Images a class, ≥ 1.</param>
    /// <param name="seed">The draw's seed.</param>
    /// <returns>Indices of <paramref name="source"/>, ascending.</returns>
    /// <exception cref="InvalidInputException">The source has no labels, or classes with fewer images; the message names them all.</exception>
    public static int[] PerClass(IImageSource source, int perClass, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perClass, 1);
        int[][] classes = Classes(source);
        string[] small = classes.Index().Where(found => found.Item.Length > 0 && found.Item.Length < perClass) // numbered labels may leave numbers out
            .Select(found => $"{source.LabelNames![found.Index]} ({found.Item.Length:N0})").ToArray();
        if (small.Length > 0)
            throw new InvalidInputException(
                $"Cannot draw {perClass:N0} images a class from {source.Description}: too few in {string.Join(", ", small.Take(10))}" +
                $"{(small.Length > 10 ? $" and {small.Length - 10:N0} more" : "")}. Use --labels-per-class of at most {classes.Where(indices => indices.Length > 0).Min(indices => indices.Length):N0}.");
        return Draw(classes, count => Math.Min(count, perClass), seed);
    }

    /// <summary>Draws the same share of every class, rounded to the nearest image and at least one.</summary>
    /// <param name="source">A source with labels.</param>
    /// <param name="fraction">Share of each class, in (0, 1].</param>
    /// <param name="seed">The draw's seed.</param>
    /// <returns>Indices of <paramref name="source"/>, ascending.</returns>
    /// <exception cref="InvalidInputException">The source has no labels.</exception>
    public static int[] Fraction(IImageSource source, double fraction, long seed)
    {
        if (!(fraction > 0 && fraction <= 1))
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "The fraction must lie in (0, 1].");
        return Draw(Classes(source), count => Math.Min(count, Math.Max(1, (int)Math.Round(fraction * count))), seed);
    }

    private static int[][] Classes(IImageSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.LabelNames is not { } names)
            throw new InvalidInputException($"{source.Description} has no labels to draw by. Give a set with one folder a class, or another with labels.");
        var classes = names.Select(_ => new List<int>()).ToArray();
        for (int i = 0; i < source.Count; i++)
            if (source.GetLabel(i) is >= 0 and int label)
                classes[label].Add(i);
        return classes.Select(indices => indices.ToArray()).ToArray();
    }

    private static int[] Draw(int[][] classes, Func<int, int> share, long seed)
    {
        var drawn = new List<int>();
        foreach (var (label, indices) in classes.Index())
        {
            new CounterRandom(seed, image: label, view: Stream).Shuffle(indices);
            drawn.AddRange(indices.AsSpan(0, share(indices.Length)));
        }
        drawn.Sort();
        return drawn.ToArray();
    }
}
