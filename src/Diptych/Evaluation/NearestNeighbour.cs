using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>Classifies by the most similar labelled images: the usual measure of features that no classifier was trained on.</summary>
/// <remarks>Cosine similarity s; each of the k nearest votes for its label with weight exp(s / temperature). Exact search. Source: Wu et al., arXiv 1805.01978, section 3.4.</remarks>
public static class NearestNeighbour
{
    /// <summary>Numbers of neighbours among which <see cref="Choose"/> usually chooses.</summary>
    public static IReadOnlyList<int> UsualK { get; } = [1, 5, 10, 20, 50, 100, 200];

    /// <summary>Temperatures among which <see cref="Choose"/> usually chooses.</summary>
    public static IReadOnlyList<double> UsualTemperatures { get; } = [0.02, 0.05, 0.1, 0.2, 0.5];

    /// <summary>Predicts a label for every query.</summary>
    /// <param name="bank">Features of the labelled images, <c>[M, F]</c>.</param>
    /// <param name="bankLabels">Their labels, each in [0, <paramref name="classes"/>).</param>
    /// <param name="queries">Features of the images to classify, <c>[Q, F]</c>.</param>
    /// <param name="classes">How many classes there are.</param>
    /// <param name="k">How many neighbours vote; at most M.</param>
    /// <param name="temperature">How quickly a neighbour's weight falls with its similarity; > 0.</param>
    /// <returns>Q predicted labels; of equal scores the lowest label wins.</returns>
    /// <exception cref="ArgumentException">Shapes, k or temperature are not usable.</exception>
    public static int[] Predict(Tensor bank, IReadOnlyList<int> bankLabels, Tensor queries, int classes, int k, double temperature)
    {
        ArgumentNullException.ThrowIfNull(bank);
        ArgumentNullException.ThrowIfNull(bankLabels);
        if (bank.dim() == 2 && bankLabels.Count != bank.shape[0])
            throw new ArgumentException($"The bank has {bank.shape[0]} features and {bankLabels.Count} labels.");
        using Neighbours neighbours = Neighbours.Find(bank, queries, k);
        using Tensor shares = neighbours.Vote(bankLabels, classes, k, temperature);
        return MostLikely(shares);
    }

    /// <summary>Chooses k and temperature by accuracy on held-out labelled images.</summary>
    /// <param name="features">Features of the labelled training images, <c>[M, F]</c>.</param>
    /// <param name="labels">Their labels.</param>
    /// <param name="classes">How many classes there are.</param>
    /// <param name="ks">Numbers of neighbours to try; those above the images left to search are passed over.</param>
    /// <param name="temperatures">Temperatures to try.</param>
    /// <param name="seed">Which images are held out: see <see cref="HeldOut"/>.</param>
    /// <returns>The pair with the most right predictions; of equals the first k, then the first temperature.</returns>
    /// <exception cref="ArgumentException">No k fits, or the shapes do not.</exception>
    public static (int K, double Temperature) Choose(Tensor features, IReadOnlyList<int> labels, int classes, IReadOnlyList<int> ks, IReadOnlyList<double> temperatures, long seed)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(labels);
        HeldOut[] parts = HeldOut.For(labels, seed);
        int[] usable = ks.Where(k => k >= 1 && k <= parts.Min(p => p.Fit.Length)).ToArray();
        if (usable.Length == 0)
            throw new ArgumentException($"None of k = {string.Join(", ", ks)} can be tried: {parts.Min(p => p.Fit.Length)} of {labels.Count} labelled images are left when a part is held out.");
        var right = new Dictionary<(int, double), int>();
        foreach (HeldOut part in parts)
        {
            using var scope = NewDisposeScope();
            int[] fitLabels = part.Fit.Select(i => labels[i]).ToArray(), heldLabels = part.Held.Select(i => labels[i]).ToArray();
            using Neighbours neighbours = Neighbours.Find(FeatureRows.Take(features, part.Fit), FeatureRows.Take(features, part.Held), usable.Max());
            foreach (int k in usable)
            {
                foreach (double temperature in temperatures)
                    right[(k, temperature)] = right.GetValueOrDefault((k, temperature)) + MostLikely(neighbours.Vote(fitLabels, classes, k, temperature)).Zip(heldLabels).Count(p => p.First == p.Second);
            }
        }
        return right.MaxBy(r => r.Value).Key;
    }

    /// <summary>The share of equal labels.</summary>
    /// <param name="predicted">Predicted labels.</param>
    /// <param name="actual">True labels, as many.</param>
    /// <returns>Accuracy in [0, 1].</returns>
    public static double Accuracy(IReadOnlyList<int> predicted, IReadOnlyList<int> actual)
    {
        ArgumentNullException.ThrowIfNull(predicted);
        ArgumentNullException.ThrowIfNull(actual);
        if (predicted.Count != actual.Count || actual.Count == 0)
            throw new ArgumentException($"As many predicted as true labels are needed, and at least one, but there are {predicted.Count} and {actual.Count}.");
        return predicted.Zip(actual).Count(pair => pair.First == pair.Second) / (double)actual.Count;
    }

    private static int[] MostLikely(Tensor shares)
    {
        using Tensor best = shares.argmax(1).cpu();
        return best.data<long>().Select(b => (int)b).ToArray();
    }
}
