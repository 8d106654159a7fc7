using Diptych.Data;
using Diptych.Models;
using Diptych.Training;
using Diptych.Views;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>The linear probe of the papers: the encoder is frozen, in evaluation mode, and a linear classifier learns from random views by SGD.</summary>
/// <remarks>
/// Views are crops and flips; no weight decay. The learning rate is chosen on a held-out fifth of the labelled images: classifiers of all rates
/// learn side by side from the same views, then one of the chosen rate learns from all labels. Source of the protocol: He et al., arXiv 1911.05722, section 4.1.
/// </remarks>
public static class AugmentedProbe
{
    /// <summary>Learning rates among which one is chosen.</summary>
    public static IReadOnlyList<double> Rates { get; } = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];

    /// <summary>Chooses the rate and fits the classifier.</summary>
    /// <param name="encoder">The encoder; its weights, statistics and mode are not changed.</param>
    /// <param name="views">The recipe that its input was drawn by.</param>
    /// <param name="source">Labelled images.</param>
    /// <param name="labels">Their labels, each in [0, <paramref name="classes"/>).</param>
    /// <param name="classes">How many classes there are.</param>
    /// <param name="options">Epochs, batch and seed.</param>
    /// <returns>A classifier of whole images' features, and its rate.</returns>
    public static (LinearClassifier Classifier, double Rate) Fit(ResNet encoder, ViewRecipe views, IImageSource source, IReadOnlyList<int> labels, int classes, ClassifierOptions options)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(views);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(options);
        HeldOut part = HeldOut.For(labels, options.Seed)[0];
        using var fit = new ImageSubset(source, part.Fit);
        using var held = new ImageSubset(source, part.Held);
        LinearClassifier[] trials = Train(encoder, views, fit, [.. part.Fit.Select(i => labels[i])], classes, Rates, options);
        using Tensor features = FeatureExtractor.Extract(encoder, held, views);
        int[] heldLabels = [.. part.Held.Select(i => labels[i])];
        int best = Enumerable.Range(0, trials.Length).MaxBy(i => Right(trials[i], features, heldLabels)); // of equals the lowest rate
        foreach (LinearClassifier trial in trials)
            trial.Dispose();
        return (Train(encoder, views, source, labels, classes, [Rates[best]], options)[0], Rates[best]);
    }

    // One matrix holds all classifiers; with SGD, a loss times the rate is a step at that rate.
    internal static LinearClassifier[] Train(ResNet encoder, ViewRecipe views, IImageSource source, IReadOnlyList<int> labels, int classes, IReadOnlyList<double> rates, ClassifierOptions options)
    {
        Device device = KnownDevice.Of(encoder);
        using Linear heads = LinearClassifier.AtZero(encoder.Settings.FeatureCount, rates.Count * classes, device);
        using var optimizer = new Sgd([("heads", heads)], ClassifierOptions.Momentum, 0, null);
        using Tensor rateOfHead = DeviceCopy.Send(tensor(rates.Select(r => (float)r).ToArray()), device).unsqueeze(0); // [1, R]
        using var batches = new LabelledBatches(source, labels, views, options, device);
        bool wasTraining = encoder.training;
        encoder.eval();
        try
        {
            batches.Train(1, (images, truth, rate) =>
            {
                Tensor features;
                using (no_grad())
                    features = encoder.call(images);                                                    // [B, F]
                Tensor logits = heads.call(features).reshape(features.shape[0], rates.Count, classes);  // [B, R, C]
                Tensor wrong = logits.logsumexp(2) - logits.gather(2, truth.reshape(-1, 1, 1).expand(-1, rates.Count, 1)).squeeze(2);
                optimizer.ClearGradients();
                Backpropagation.Run((wrong.mean([0L], keepdim: true) * rateOfHead).sum());
                optimizer.Step(rate);
            });
        }
        finally
        {
            encoder.train(wasTraining);
        }
        return [.. Enumerable.Range(0, rates.Count).Select(i => LinearClassifier.Of(heads, i * classes, classes))];
    }

    private static int Right(LinearClassifier classifier, Tensor features, int[] labels)
    {
        using var scope = NewDisposeScope();
        Tensor probabilities = classifier.Probabilities(features);
        return probabilities.isfinite().all().item<bool>() ? (int)probabilities.argmax(1).eq(DeviceCopy.Send(tensor(labels), features.device)).sum().item<long>() : 0; // a rate that diverged
    }
}
