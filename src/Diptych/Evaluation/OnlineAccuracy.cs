using Diptych.Data;
using Diptych.Models;
using Diptych.Views;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>Nearest-neighbour accuracy on a few labelled training images, to watch an encoder while it learns.</summary>
/// <remarks>
/// A stratified draw of the training images, four fifths to search and one fifth to classify, k = 20 (fewer where there are fewer), temperature
/// 0.1, all fixed beforehand. The encoder learns from all of these images, without their labels: the figure says how a run goes, and is no result.
/// It depends on the weights and the seed only, so that a resumed run finds the same.
/// </remarks>
public sealed class OnlineAccuracy : IDisposable
{
    private const int MostImages = 5000, K = 20;
    private const double Temperature = 0.1, ShareOfEpoch = 0.2, QueryShare = 0.2;

    private readonly ViewRecipe _recipe;
    private readonly ImageSubset _bank, _queries;
    private readonly int _classes;

    /// <summary>Draws the images.</summary>
    /// <param name="source">The training images; those without a label are passed over.</param>
    /// <param name="recipe">The run's views.</param>
    /// <param name="every">Epochs from one measurement to the next: with more of them, more images may be looked at in the same share of the time.</param>
    /// <param name="seed">Which images.</param>
    /// <exception cref="InvalidInputException">The source has no labels, or too few labelled images.</exception>
    public OnlineAccuracy(IImageSource source, ViewRecipe recipe, int every, long seed)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(recipe);
        if (source.LabelNames is null)
            throw new InvalidInputException($"--evaluate-every needs labels, but {source.Description} has none. Leave it out, or put the images of each class into a folder of their own.");
        (_recipe, _classes) = (recipe, source.LabelNames.Count);
        int[] labelled = [.. Enumerable.Range(0, source.Count).Where(i => source.GetLabel(i) >= 0)];
        if (labelled.Length == 0)
            throw TooFew();
        using var all = new ImageSubset(source, labelled);
        int[] drawn = StratifiedDraw.Fraction(all, Math.Min(1, Math.Min(MostImages, ShareOfEpoch * source.Count * every) / labelled.Length), seed);
        using var few = new ImageSubset(all, drawn);
        int[] queries = StratifiedDraw.Fraction(few, QueryShare, seed);
        int[] bank = [.. Enumerable.Range(0, drawn.Length).Except(queries)];
        if (bank.Length == 0)
            throw TooFew();
        _bank = new ImageSubset(source, bank.Select(i => labelled[drawn[i]]));
        _queries = new ImageSubset(source, queries.Select(i => labelled[drawn[i]]));

        InvalidInputException TooFew() => new($"--evaluate-every needs several labelled images a class, but of {source.Description} it could take {labelled.Length:N0} in {_classes:N0} classes. Leave it out.");
    }

    /// <summary>Images that are looked at.</summary>
    public int Count => _bank.Count + _queries.Count;

    /// <summary>Classifies.</summary>
    /// <param name="encoder">The encoder; its weights, statistics and mode are not changed.</param>
    /// <returns>Share of right answers, in [0, 1].</returns>
    public double Measure(ResNet encoder)
    {
        using var scope = NewDisposeScope();
        int[] predicted = NearestNeighbour.Predict(FeatureExtractor.Extract(encoder, _bank, _recipe), Labels(_bank), FeatureExtractor.Extract(encoder, _queries, _recipe),
            _classes, Math.Min(K, _bank.Count), Temperature);
        return NearestNeighbour.Accuracy(predicted, Labels(_queries));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _bank.Dispose();
        _queries.Dispose();
    }

    private static int[] Labels(ImageSubset images) => [.. Enumerable.Range(0, images.Count).Select(images.GetLabel)];
}
