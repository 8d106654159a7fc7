using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>Classifies by the most similar labelled images: the usual measure of features that no classifier was trained on.</summary>
/// <remarks>Cosine similarity s; each of the k nearest votes for its label with weight exp(s / temperature). Exact search. Source: Wu et al., arXiv 1805.01978, section 3.4.</remarks>
public static class NearestNeighbour
{
    private const int Tile = 1024;

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
        ArgumentNullException.ThrowIfNull(queries);
        if (bank.dim() != 2 || queries.dim() != 2 || bank.shape[1] != queries.shape[1])
            throw new ArgumentException($"Bank and queries need the shapes [M, F] and [Q, F], but they are [{string.Join(", ", bank.shape)}] and [{string.Join(", ", queries.shape)}].");
        if (bankLabels.Count != bank.shape[0])
            throw new ArgumentException($"The bank has {bank.shape[0]} features and {bankLabels.Count} labels.");
        if (k < 1 || k > bank.shape[0])
            throw new ArgumentException($"k must be from 1 to the number of labelled images ({bank.shape[0]}), but it is {k}.");
        if (!(temperature > 0 && double.IsFinite(temperature)))
            throw new ArgumentException($"The temperature must be above 0, but it is {temperature}.");

        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor labels = tensor(bankLabels.Select(l => (long)l).ToArray());
        Tensor columns = nn.functional.normalize(bank.to(ScalarType.Float32)).t(); // [F, M]
        int count = (int)queries.shape[0];
        int[] predicted = new int[count];
        for (int start = 0; start < count; start += Tile)
        {
            using var tileScope = NewDisposeScope();
            Tensor rows = nn.functional.normalize(queries[TensorIndex.Slice(start, Math.Min(count, start + Tile))].to(ScalarType.Float32));
            var (similarity, nearest) = rows.mm(columns).topk(k, dim: 1); // [T, k]
            // Subtracting the largest similarity scales all weights of a row alike, and keeps exp finite.
            Tensor weights = (similarity - similarity.amax([1L], keepdim: true)).div(temperature).exp();
            Tensor scores = zeros([rows.shape[0], classes]).scatter_add_(1, labels[nearest.reshape(-1)].reshape(nearest.shape), weights);
            long[] best = scores.argmax(1).data<long>().ToArray();
            for (int i = 0; i < best.Length; i++)
                predicted[start + i] = (int)best[i];
        }
        return predicted;
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
}
