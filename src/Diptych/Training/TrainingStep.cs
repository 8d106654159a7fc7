using Diptych.Losses;
using Diptych.Methods;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>One update of the networks: the gradient of one batch or the mean over several, clipped, then the optimizer.</summary>
/// <remarks>
/// Several batches a step (accumulation) average their gradients, which steadies the step. They do not widen the batch: the negatives of
/// an image stay those of its own batch. A wider batch in little memory is what chunks are for, see <see cref="BatchGradient"/>.
/// The method remembers the batches when the gradient has turned out finite: a step that fails leaves it as it was before. Where nothing is looked at, that cannot be.
/// </remarks>
/// <param name="method">Whose networks are trained.</param>
/// <param name="optimizer">Updates them.</param>
/// <param name="options">The settings.</param>
/// <param name="isAsynchronous">Whether nothing is looked at before <see cref="StepFigures.Read()"/>, so that no step waits for the device.</param>
internal sealed class TrainingStep(IMethod method, Optimizer optimizer, PretrainOptions options, bool isAsynchronous = false)
{
    private readonly Optimizer _optimizer = isAsynchronous ? Joined(optimizer) : optimizer;
    private readonly List<BatchFigures> _batches = [];
    private readonly List<(IReadOnlyList<Tensor> Rows, IReadOnlyList<Tensor> Targets, IReadOnlyList<int> Images)> _unremembered = [];

    /// <summary>Adds the gradient of a batch.</summary>
    /// <param name="views">Normalized views, <c>[2N, C, H, W]</c>.</param>
    /// <param name="images">The number of each image.</param>
    /// <param name="loss">Which loss.</param>
    /// <param name="labels">The class of each image, or null to learn without.</param>
    public void Add(Tensor views, IReadOnlyList<int> images, ContrastiveLoss loss, IReadOnlyList<int>? labels)
    {
        using var scope = NewDisposeScope();
        if (_batches.Count == 0)
            _optimizer.ClearGradients();
        BatchResult result = BatchGradient.Add(method, views, images, loss, 1.0 / options.Accumulate, options.Chunk, labels, isChecked: !isAsynchronous);
        _batches.Add(new BatchFigures(result.Directions, result.Features));
        _unremembered.Add(([.. result.Rows.Select(Kept)], [.. result.Targets.Select(Kept)], images));
    }

    /// <summary>Updates the networks, and reads what there is to say.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    /// <returns>Means over the step's batches.</returns>
    /// <exception cref="DivergedException">The gradient is not finite; the networks were not updated then, unless the step is asynchronous.</exception>
    public StepMetrics Finish(double learningRate)
    {
        using StepFigures figures = FinishLater(learningRate);
        return figures.Read();
    }

    /// <summary>Updates the networks.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    /// <returns>What there is to say, to be read when it is wanted.</returns>
    /// <exception cref="DivergedException">The gradient is not finite; the networks were not updated then. Where the step is asynchronous, only reading finds that.</exception>
    public StepFigures FinishLater(double learningRate)
    {
        Tensor norm = _optimizer.ClipGradients(options.ClipGradient);
        if (!isAsynchronous)
            DivergedException.ThrowIfNotFinite("length of the gradient", norm.item<float>());
        foreach (var (rows, targets, images) in _unremembered)
        {
            method.Remember(rows, targets, images);
            foreach (Tensor tensor in rows.Concat(targets))
                tensor.Dispose();
        }
        _unremembered.Clear();
        _optimizer.Step(learningRate);
        method.FollowStep();
        var figures = new StepFigures([.. _batches], norm.DetachFromDisposeScope(), learningRate);
        _batches.Clear();
        return figures;
    }

    private static Optimizer Joined(Optimizer optimizer)
    {
        optimizer.Join();
        return optimizer;
    }

    // Without its graph, and of no scope.
    private static Tensor Kept(Tensor tensor) => tensor.detach().DetachFromDisposeScope();
}
