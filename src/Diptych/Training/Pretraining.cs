using System.Diagnostics;
using Diptych.Data;
using Diptych.Losses;
using Diptych.Methods;
using Diptych.Models;
using Diptych.Views;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Learns an encoder from unlabelled images: one step, then many, with checkpoints on the way.</summary>
/// <remarks>
/// The state is weights, batch-norm statistics, momentum and the number of steps done. Everything else (order of images, views,
/// learning rate) is a pure function of the settings and the step, so a run continues from a checkpoint as if it had never stopped.
/// </remarks>
public sealed class Pretraining
{
    private const double Momentum = 0.9;
    private const int ProjectorHidden = 512, EmbeddingSize = 128;

    private readonly PretrainOptions _options;
    private readonly IImageSource _source;
    private readonly RunFolder _folder;
    private readonly IPretrainObserver _observer;

    /// <summary>Prepares a run; nothing is computed yet.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="source">The images; labels are never looked at.</param>
    /// <param name="folder">Where the run lives.</param>
    /// <param name="observer">Who hears of it.</param>
    /// <exception cref="InvalidInputException">The settings are not usable, or the source has fewer images than one batch.</exception>
    public Pretraining(PretrainOptions options, IImageSource source, RunFolder folder, IPretrainObserver observer)
    {
        (_options, _source, _folder, _observer) = (options, source, folder, observer);
        Check(options, source);
    }

    /// <summary>Checks the settings, and that the source has enough images for them.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="source">The images.</param>
    /// <exception cref="InvalidInputException">The settings are not usable, or the source has fewer images than one batch.</exception>
    public static void Check(PretrainOptions options, IImageSource source)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(source);
        options.Validate();
        if (source.Count < 2)
            throw new InvalidInputException($"{source.Description} holds one image. Contrastive learning needs at least two, since the negatives of an image are other images.");
        if (source.Count < options.Batch)
            throw new InvalidInputException($"{source.Description} holds {source.Count:N0} images, fewer than one batch of {options.Batch}. Use --batch {source.Count} or less, or more images.");
    }

    /// <summary>Steps in one epoch: whole batches only.</summary>
    public int StepsPerEpoch => _source.Count / _options.Batch;

    /// <summary>Steps of the whole run.</summary>
    public int TotalSteps => StepsPerEpoch * _options.Epochs;

    /// <summary>Trains to the end, or until asked to stop; either way a checkpoint is written.</summary>
    /// <param name="resume">Whether to go on from the folder's newest whole checkpoint.</param>
    /// <param name="stop">Asks to stop after the step at hand.</param>
    /// <returns>True when the run is finished, false when it was stopped.</returns>
    /// <exception cref="InvalidInputException">The loss is not finite, an image cannot be read, or the folder cannot be written.</exception>
    public bool Run(bool resume, CancellationToken stop)
    {
        set_num_threads(_options.Threads ?? Environment.ProcessorCount);
        ViewRecipe recipe = _options.CreateViewRecipe();
        var encoder = new ResNet(_options.CreateEncoderSettings(), _options.Seed);
        var projector = new Projector(encoder.Settings.FeatureCount, ProjectorHidden, EmbeddingSize, _options.Seed);
        using var method = new SimClr(encoder, projector, _options.CreateLoss());
        using var optimizer = new MomentumSgd(method, Momentum, _options.WeightDecay);
        int done = resume ? Restore(method, optimizer) : 0;

        var schedule = new LearningRateSchedule(_options.EffectiveLearningRate, (int)Math.Round(_options.WarmupEpochs * StepsPerEpoch), TotalSteps);
        using var loader = new ViewLoader(_source, recipe, new ViewLoaderOptions { BatchSize = _options.Batch, Workers = _options.Workers, Seed = _options.Seed, DropLast = true });
        using var metrics = MetricsFile.Open(_folder.MetricsPath, done);
        Log($"{(done == 0 ? "started" : $"resumed after step {done}")}; {_source.Count} images of {_source.Description}, {TotalSteps} steps, {get_num_threads()} threads, JPEG by {JpegDecoding.Description}");
        if (_options.Loss is not "infonce" && done == 0)
            Say($"The value of {_options.Loss} may become negative: its denominator lacks the positive pair. That is normal.");
        _observer.OnStart(done, TotalSteps);
        foreach (var (_, module) in method.Networks)
            module.train();

        while (done < TotalSteps && !stop.IsCancellationRequested)
        {
            int epoch = done / StepsPerEpoch;
            double waited = loader.WaitSeconds;
            long started = Stopwatch.GetTimestamp();
            foreach (ViewBatch batch in loader.ReadEpoch(epoch, SampleOrder.ForEpoch(_options.Seed, epoch, _source.Count), firstStep: done % StepsPerEpoch))
            {
                double learningRate = schedule.At(done);
                StepMetrics step;
                try
                {
                    step = TrainStep(method, optimizer, batch, learningRate) with { Step = ++done, Epoch = epoch };
                }
                catch (ArgumentException exception) // the loss refuses embeddings that are zero or not finite
                {
                    throw Diverged(exception.Message, done + 1, exception);
                }
                double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
                step = step with { ImagesPerSecond = batch.Count / seconds, DataWait = Math.Min(1, (loader.WaitSeconds - waited) / seconds) };
                started = Stopwatch.GetTimestamp();
                waited = loader.WaitSeconds;
                if (!double.IsFinite(step.Loss))
                    throw Diverged($"the loss became {step.Loss}", done, null);
                Guarded(() => metrics.Write(step));
                _observer.OnStep(step);
                if (done % _options.CheckpointEvery == 0 && done < TotalSteps)
                    Save(method, optimizer, metrics, done);
                if (stop.IsCancellationRequested)
                    break;
            }
        }
        Save(method, optimizer, metrics, done);
        Log($"{(done < TotalSteps ? "interrupted" : "finished")} after step {done}");
        if (done < TotalSteps)
            return false;
        Guarded(() => EncoderFile.Write(_folder.EncoderPath, encoder, recipe));
        return true;
    }

    private static StepMetrics TrainStep(SimClr method, MomentumSgd optimizer, ViewBatch batch, double learningRate)
    {
        using var scope = NewDisposeScope();
        using Tensor views = ViewTensor.From(batch); // [2N, 3, H, W]
        optimizer.ClearGradients();
        using LossValue loss = method.ComputeLoss(views);
        loss.Value.backward();
        optimizer.Step(learningRate);
        ContrastiveDiagnostics diagnostics = loss.Diagnostics;
        return new StepMetrics
        {
            Step = 0,
            Epoch = 0,
            Loss = loss.Value.item<float>(),
            QMean = diagnostics.QMean,
            QVariation = diagnostics.QVariation,
            Alignment = diagnostics.Alignment,
            Uniformity = diagnostics.Uniformity,
            LearningRate = learningRate,
            ImagesPerSecond = 0,
            DataWait = 0,
        };
    }

    private InvalidInputException Diverged(string what, int step, Exception? inner) => new(
        $"Training cannot go on at step {step}: {what}{Environment.NewLine}Try a lower --learning-rate than {_options.EffectiveLearningRate:G3} in a new run. The last checkpoint is kept in {_folder.Path}.", inner!);

    private int Restore(SimClr method, MomentumSgd optimizer)
    {
        using var scope = NewDisposeScope();
        var rejected = new List<string>();
        var newest = _folder.Checkpoints.ReadNewest(rejected);
        foreach (string line in rejected)
            Say(line);
        if (newest is not { } checkpoint)
        {
            Say($"{_folder.Path} has no whole checkpoint; the run starts from the beginning.");
            return 0;
        }
        if (checkpoint.Step > TotalSteps)
            throw new InvalidInputException($"The newest checkpoint in {_folder.Path} is at step {checkpoint.Step:N0}, but these images and settings make {TotalSteps:N0} steps. The images have changed; start a new run.");
        foreach (var (name, module) in method.Networks)
            NetworkState.Restore(module, checkpoint.Tensors, _folder.Path, name + ".");
        optimizer.Restore(checkpoint.Tensors);
        return checkpoint.Step;
    }

    private void Save(SimClr method, MomentumSgd optimizer, MetricsFile metrics, int done) => Guarded(() =>
    {
        metrics.Flush();
        _folder.Checkpoints.Write(done, method.Networks
            .SelectMany(n => n.Module.state_dict().Select(t => ($"{n.Name}.{t.Key}", t.Value)))
            .Concat(optimizer.State()));
    });

    private void Say(string message)
    {
        _observer.OnMessage(message);
        Log(message);
    }

    private void Log(string line) => Guarded(() => File.AppendAllText(_folder.LogPath, $"{DateTime.UtcNow:u} {line}\n"));

    private void Guarded(Action write)
    {
        try
        {
            write();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The run folder {_folder.Path} cannot be written: {exception.Message} Make room, then go on with --resume; earlier checkpoints are untouched.", exception);
        }
    }
}
