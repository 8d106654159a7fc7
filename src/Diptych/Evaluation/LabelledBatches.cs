using Diptych.Data;
using Diptych.Training;
using Diptych.Views;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>Random views of labelled images with their labels, one view an image, as a classifier is trained on them.</summary>
internal sealed class LabelledBatches : IDisposable
{
    private const int CollectEvery = 20;

    private readonly IImageSource _source;
    private readonly IReadOnlyList<int> _labels;
    private readonly ClassifierOptions _options;
    private readonly ViewLoader _loader;
    private readonly Device _device;

    /// <param name="source">The images.</param>
    /// <param name="labels">Their labels.</param>
    /// <param name="views">How views are drawn; colours are left alone.</param>
    /// <param name="options">Batch, epochs and seed.</param>
    /// <param name="device">Where the tensors are wanted.</param>
    public LabelledBatches(IImageSource source, IReadOnlyList<int> labels, ViewRecipe views, ClassifierOptions options, Device device)
    {
        (_source, _labels, _options, _device) = (source, labels, options, device);
        _loader = new ViewLoader(source, views.WithoutColour(), new ViewLoaderOptions { BatchSize = Math.Min(options.Batch, source.Count), Views = 1, Seed = options.Seed, DropLast = true, Workers = Placement.On(device).UsualWorkers });
    }

    private int TotalSteps => _source.Count / Math.Min(_options.Batch, _source.Count) * _options.EpochsFor(_source.Count);

    /// <summary>Makes every step.</summary>
    /// <param name="peak">The learning rate that the schedule starts from.</param>
    /// <param name="step">Makes one from views <c>[B, C, H, W]</c>, labels <c>[B]</c> and the learning rate.</param>
    public void Train(double peak, Action<Tensor, Tensor, double> step)
    {
        var schedule = new LearningRateSchedule(peak, 0, TotalSteps);
        int done = 0;
        for (int epoch = 0; epoch < _options.EpochsFor(_source.Count); epoch++)
        {
            foreach (ViewBatch batch in _loader.ReadEpoch(epoch, SampleOrder.ForEpoch(_options.Seed, epoch, _source.Count)))
            {
                using var scope = NewDisposeScope();
                step(ViewTensor.From(batch, _device), DeviceCopy.Send([.. batch.Indices.ToArray().Select(i => (long)_labels[i])], _device), schedule.At(done++));
                if (done % CollectEvery == 0)
                    GC.Collect(0); // TorchSharp leaves small native objects to finalizers
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _loader.Dispose();
}
