using Diptych.Losses;
using Diptych.Methods;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>One update of the networks: the gradient of one batch or the mean over several, clipped, then the optimizer.</summary>
/// <remarks>
/// Several batches a step (accumulation) average their gradients, which steadies the step. They do not widen the batch: the negatives of
/// an image stay those of its own batch. A wider batch in little memory is what chunks are for, see <see cref="BatchGradient"/>.
/// </remarks>
internal sealed class TrainingStep(IMethod method, Optimizer optimizer, PretrainOptions options)
{
    private readonly List<StepMetrics> _batches = [];

    /// <summary>Adds the gradient of a batch.</summary>
    /// <param name="views">Normalized views, <c>[2N, C, H, W]</c>.</param>
    /// <param name="loss">Which loss.</param>
    /// <param name="labels">The class of each image, or null to learn without.</param>
    public void Add(Tensor views, ContrastiveLoss loss, IReadOnlyList<int>? labels)
    {
        using var scope = NewDisposeScope();
        if (_batches.Count == 0)
            optimizer.ClearGradients();
        var (directions, features) = BatchGradient.Add(method, views, loss, 1.0 / options.Accumulate, options.Chunk, labels);
        double Mean(Func<ContrastiveDiagnostics, double> number) => directions.Average(d => number(d.Diagnostics));
        _batches.Add(new StepMetrics
        {
            Loss = directions.Average(d => d.Value.item<float>()),
            QMean = Mean(d => d.QMean),
            QVariation = Mean(d => d.QVariation),
            QHistogram = BatchFigures.Histogram(cat(directions.Select(d => d.Diagnostics.Q).ToArray(), dim: 0)),
            Alignment = Mean(d => d.Alignment),
            Uniformity = Mean(d => d.Uniformity),
            EffectiveRank = Mean(d => d.EffectiveRank),
            PositiveSimilarity = Mean(d => d.MeanPositiveSimilarity),
            NegativeSimilarity = Mean(d => d.MeanNegativeSimilarity),
            FeatureDeviation = BatchFigures.FeatureDeviation(features),
        });
    }

    /// <summary>Updates the networks.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    /// <returns>Means over the step's batches.</returns>
    /// <exception cref="DivergedException">The gradient is not finite; the networks were not updated then.</exception>
    public StepMetrics Finish(double learningRate)
    {
        double norm = optimizer.ClipGradients(options.ClipGradient);
        if (!double.IsFinite(norm))
            throw new DivergedException($"the length of the gradient became {norm}");
        optimizer.Step(learningRate);
        method.FollowStep();
        StepMetrics mean = StepMetrics.Mean(_batches) with { GradientNorm = norm, LearningRate = learningRate };
        _batches.Clear();
        return mean;
    }
}
