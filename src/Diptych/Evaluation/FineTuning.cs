using Diptych.Data;
using Diptych.Models;
using Diptych.Training;
using Diptych.Views;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>The encoder as a start: a copy of it and a linear classifier learn together from labelled images.</summary>
/// <remarks>Random crops and flips, batch-norm in training mode while it learns and in evaluation mode when it is judged. Rates by layer: Clark et al., arXiv 2003.10555.</remarks>
public static class FineTuning
{
    /// <summary>Trains a copy of the encoder with a classifier that starts at zero.</summary>
    /// <param name="encoder">Where to start; not changed.</param>
    /// <param name="views">The recipe that its input was drawn by.</param>
    /// <param name="source">Labelled images.</param>
    /// <param name="labels">Their labels, each in [0, <paramref name="classes"/>).</param>
    /// <param name="classes">How many classes there are.</param>
    /// <param name="options">How.</param>
    /// <returns>The tuned encoder, which the caller disposes, and the classifier of its features, which belongs to the dispose scope if there is one.</returns>
    /// <exception cref="InvalidInputException">The weights became infinite: the learning rate is too high.</exception>
    public static (ResNet Encoder, LinearClassifier Classifier) Fit(ResNet encoder, ViewRecipe views, IImageSource source, IReadOnlyList<int> labels, int classes, ClassifierOptions options)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(views);
        ArgumentNullException.ThrowIfNull(options);
        Device device = KnownDevice.Of(encoder);
        ResNet tuned = new ResNet(encoder.Settings) { Precision = encoder.Precision }.to(device);
        NetworkState.Restore(tuned, encoder.state_dict(), "the encoder");
        using Linear head = LinearClassifier.AtZero(encoder.Settings.FeatureCount, classes, device);
        using var optimizer = new Sgd([("encoder", tuned), ("classifier", head)], ClassifierOptions.Momentum, options.WeightDecay, name => Math.Pow(options.LayerDecay, DepthOf(name)));
        if (device.type != DeviceType.CPU)
            optimizer.Join();
        using var batches = new LabelledBatches(source, labels, views, options, device);
        tuned.train();
        batches.Train(options.LearningRate, (images, truth, rate) =>
        {
            Tensor loss = nn.functional.cross_entropy(head.call(tuned.call(images)), truth);
            optimizer.ClearGradients();
            Backpropagation.Run(loss);
            optimizer.Step(rate);
        });
        tuned.eval();
        using Tensor finite = head.weight.isfinite().all();
        if (!finite.item<bool>())
        {
            tuned.Dispose();
            throw new InvalidInputException($"Fine-tuning diverged at the learning rate {options.LearningRate}. Use a lower --learning-rate.");
        }
        return (tuned, LinearClassifier.Of(head, 0, classes));
    }

    /// <summary>Stages between a parameter and the classifier: 0 for the classifier, 1 for the last stage, 5 for the stem.</summary>
    internal static int DepthOf(string name) =>
        name.StartsWith("classifier.", StringComparison.Ordinal) ? 0 : name.StartsWith("encoder.layer", StringComparison.Ordinal) ? 5 - (name["encoder.layer".Length] - '0') : 5;
}
