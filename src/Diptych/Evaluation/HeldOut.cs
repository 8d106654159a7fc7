namespace Diptych.Evaluation;

/// <summary>A part of the labelled training images that settings are chosen on, so that test images need not be looked at.</summary>
/// <param name="Fit">Images to learn from; indices, ascending.</param>
/// <param name="Held">Images to judge by; indices, ascending.</param>
/// <remarks>Stratified fifths, a pure function of labels and seed. A class with one image is judged without having been learned.</remarks>
public sealed record HeldOut(int[] Fit, int[] Held)
{
    private const int Parts = 5, FewLabels = 2000, Stream = 1_000_002;

    /// <summary>The parts to choose by: one fifth, or where labels are few (up to 2,000) each of the five in turn.</summary>
    /// <param name="labels">Labels of the training images.</param>
    /// <param name="seed">Which images.</param>
    /// <exception cref="ArgumentException">There is only one label.</exception>
    public static HeldOut[] For(IReadOnlyList<int> labels, long seed)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Count < 2)
            throw new ArgumentException($"Settings cannot be chosen on {labels.Count} labelled image; give their values.");
        int[] part = new int[labels.Count];
        int next = 0;
        foreach (var group in Enumerable.Range(0, labels.Count).GroupBy(i => labels[i]).OrderBy(g => g.Key))
        {
            int[] images = [.. group];
            new CounterRandom(seed, image: group.Key, view: Stream).Shuffle(images);
            foreach (int image in images)
                part[image] = next++ % Parts; // counting on from class to class keeps the parts equal
        }
        int tried = labels.Count <= FewLabels ? Math.Min(Parts, labels.Count) : 1;
        return Enumerable.Range(0, tried).Select(held => new HeldOut(
            [.. Enumerable.Range(0, labels.Count).Where(i => part[i] != held)],
            [.. Enumerable.Range(0, labels.Count).Where(i => part[i] == held)])).ToArray();
    }
}
