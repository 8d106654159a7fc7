using Diptych.Data;
using Diptych.Models;
using Diptych.Views;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>Measures an encoder by nearest neighbours, beside raw pixels and the same encoder untrained, all by one protocol.</summary>
public sealed class NearestNeighbourEvaluation
{
    private readonly IImageSource _train, _test;
    private readonly NearestNeighbourOptions _options;
    private readonly int[] _trainLabels, _testLabels;
    private readonly int[][] _draws;

    /// <summary>Prepares an evaluation.</summary>
    /// <param name="train">Labelled images to compare with.</param>
    /// <param name="test">Labelled images to classify; used for nothing but the final figures.</param>
    /// <param name="options">The protocol.</param>
    /// <exception cref="InvalidInputException">Labels are missing, the classes differ, or a class has too few images.</exception>
    public NearestNeighbourEvaluation(IImageSource train, IImageSource test, NearestNeighbourOptions options)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(test);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_train, _test, _options) = (train, test, options);
        foreach (IImageSource source in new[] { train, test })
        {
            if (source.LabelNames is null)
                throw new InvalidInputException($"{source.Description} has no labels, and an evaluation needs them. Give images in one folder for each class, or a data set that has labels.");
        }
        if (!train.LabelNames!.SequenceEqual(test.LabelNames!))
            throw new InvalidInputException($"The classes differ: {Names(train)} and {Names(test)}. Both need the same class names.");
        if (options.K > train.Count)
            throw new InvalidInputException($"--k is {options.K}, but {train.Description} has only {train.Count:N0} labelled images. Use --k {train.Count} or less.");
        _trainLabels = Labels(train);
        _testLabels = Labels(test);
        _draws = Enumerable.Range(0, options.Draws)
            .Select(draw => StratifiedDraw.PerClass(train, options.LabelsPerClass, options.Seed + draw)).ToArray();
    }

    /// <summary>How many classes there are.</summary>
    public int Classes => _train.LabelNames!.Count;

    /// <summary>The protocol in one line, to print beside every figure.</summary>
    public string Protocol =>
        $"nearest neighbour, cosine, votes exp(s/{_options.Temperature:G3}); {_train.Count:N0} labelled images (k = {_options.K}) or {_options.LabelsPerClass} a class " +
        $"(k = {EffectiveFewLabelsK}, mean ± sd of {_options.Draws} draws, seed {_options.Seed}), {_test.Count:N0} test images, features of the whole image";

    private int EffectiveFewLabelsK => Math.Min(_options.FewLabelsK, _options.LabelsPerClass * Classes);

    /// <summary>Measures the pixels, the untrained encoder and the encoder, in this order.</summary>
    /// <param name="encoder">The trained encoder; not changed.</param>
    /// <param name="recipe">Its input size, mean and standard deviation.</param>
    /// <param name="name">What to call it in the result.</param>
    public IReadOnlyList<NearestNeighbourResult> Run(ResNet encoder, ViewRecipe recipe, string name)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        using var untrained = new ResNet(encoder.Settings, _options.Seed);
        return
        [
            Measure("raw pixels", source => FeatureExtractor.RawPixels(source, recipe)),
            Measure("untrained encoder", source => FeatureExtractor.Extract(untrained, source, recipe)),
            Measure(name, source => FeatureExtractor.Extract(encoder, source, recipe)),
        ];
    }

    private NearestNeighbourResult Measure(string name, Func<IImageSource, Tensor> extract)
    {
        using var scope = NewDisposeScope();
        Tensor bank = extract(_train), queries = extract(_test);
        double all = Score(bank, _trainLabels, queries, _options.K);
        double[] few = _draws.Select(draw => Score(bank[tensor(draw.Select(i => (long)i).ToArray())], draw.Select(i => _trainLabels[i]).ToArray(), queries, EffectiveFewLabelsK)).ToArray();
        double mean = few.Average();
        double deviation = few.Length > 1 ? Math.Sqrt(few.Sum(f => (f - mean) * (f - mean)) / (few.Length - 1)) : 0;
        return new NearestNeighbourResult(name, all, mean, deviation);
    }

    private double Score(Tensor bank, int[] labels, Tensor queries, int k) =>
        NearestNeighbour.Accuracy(NearestNeighbour.Predict(bank, labels, queries, Classes, k, _options.Temperature), _testLabels);

    private static int[] Labels(IImageSource source) => Enumerable.Range(0, source.Count).Select(source.GetLabel).ToArray();

    private static string Names(IImageSource source) =>
        $"{source.Description} has {source.LabelNames!.Count} ({string.Join(", ", source.LabelNames.Take(5))}{(source.LabelNames.Count > 5 ? ", …" : "")})";
}
