using System.Diagnostics;
using System.Runtime.InteropServices;
using Diptych.Data;
using Diptych.Methods;
using Diptych.Models;
using Diptych.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Learns an encoder from unlabelled images: one step, then many, with checkpoints on the way.</summary>
/// <remarks>
/// The state is weights, batch-norm statistics, momentum and the number of steps done. Everything else (order of images, views,
/// learning rate) is a pure function of the settings and the step, so a run continues from a checkpoint as if it had never stopped.
/// </remarks>
public sealed class Pretraining
{
    private const int CollectEvery = 20, RetryEvery = 10;

    private readonly PretrainOptions _options;
    private readonly IImageSource _source;
    private readonly RunFolder _folder;
    private readonly IPretrainObserver _observer;
    private readonly Func<ResNet, double>? _evaluate;

    /// <summary>Prepares a run; nothing is computed yet.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="source">The images; labels are looked at only if the settings ask for it.</param>
    /// <param name="folder">Where the run lives.</param>
    /// <param name="observer">Who hears of it.</param>
    /// <param name="evaluate">Measures the encoder every <see cref="PretrainOptions.EvaluateEvery"/> epochs, and must leave it as it was; null measures nothing.</param>
    /// <exception cref="InvalidInputException">The settings are not usable, or the source has fewer images than one batch.</exception>
    public Pretraining(PretrainOptions options, IImageSource source, RunFolder folder, IPretrainObserver observer, Func<ResNet, double>? evaluate = null)
    {
        (_options, _source, _folder, _observer, _evaluate) = (options, source, folder, observer, evaluate);
        Check(options, source);
        if (source.AppliesOrientation && !options.ExifOrientation)
            throw new InvalidInputException($"{source.Description} turns photographs as their EXIF orientation says, but the settings do not say so. Set ExifOrientation, so that whoever uses the encoder knows.");
        if (options.EvaluateEvery is not null && evaluate is null)
            throw new InvalidInputException("EvaluateEvery is set, but nothing is given that measures. Pass OnlineAccuracy.Measure, or leave it out.");
        if (options.Precision == KnownPrecision.Automatic)
            throw new InvalidInputException($"The precision {options.Precision} must become {string.Join(" or ", KnownPrecision.Names)} before the run starts, so that it is resumed with the same. KnownPrecision.Choose does that.");
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
        if (source.Count < (long)options.Batch * options.Accumulate && source.Count >= options.Batch)
            throw new InvalidInputException($"{source.Description} holds {source.Count:N0} images, fewer than the {options.Accumulate} batches of {options.Batch} that one step takes. Use a smaller --accumulate or --batch, or more images.");
        if (source.Count < options.Batch)
            throw new InvalidInputException($"{source.Description} holds {source.Count:N0} images, fewer than one batch of {options.Batch}. Use --batch {source.Count} or less, or more images.");
        if ((long)(source.Count / options.Batch / options.Accumulate) * options.Epochs is > int.MaxValue and var steps)
            throw new InvalidInputException($"{options.Epochs:N0} epochs of {source.Count:N0} images are {steps:N0} steps; the limit is {int.MaxValue:N0}. Use fewer --epochs or a larger --batch.");
        ViewBatch.Check(options.Batch, views: 2, options.CreateViewRecipe());
        if (options.Supervised)
            CheckLabels(options, source);
    }

    /// <summary>Where the run is computed; null for what the settings name. Tests run a GPU's order of work on a CPU.</summary>
    internal Placement? Placement { get; init; }

    /// <summary>Steps in one epoch: whole batches, and whole groups of those that a step takes.</summary>
    public int StepsPerEpoch => _source.Count / _options.Batch / _options.Accumulate;

    /// <summary>Steps of the whole run.</summary>
    public int TotalSteps => StepsPerEpoch * _options.Epochs;

    /// <summary>Trains to the end, or until asked to stop; either way a checkpoint is written, but for a stop before the first step while a memory is filled. What the observer throws ends the run without one.</summary>
    /// <remarks>
    /// For the process: libtorch has the settings' number of threads while it runs, and the former one afterwards; <see cref="PretrainOptions.Deterministic"/> stays.
    /// On Linux freed memory stays in the process from then on, unless the environment has settings for glibc's heap (<c>MALLOC_…</c>).
    /// </remarks>
    /// <param name="resume">Whether to go on from the folder's newest whole checkpoint.</param>
    /// <param name="stop">Asks to stop after the step at hand; while the last checkpoint finds no room, it gives up.</param>
    /// <returns>True when the run is finished, false when it was stopped.</returns>
    /// <exception cref="InvalidInputException">The loss is not finite, an image cannot be read, the folder cannot be written, or it holds another run, or checkpoints while <paramref name="resume"/> is false.</exception>
    public bool Run(bool resume, CancellationToken stop)
    {
        int threads = get_num_threads();
        try
        {
            return Train(resume, stop);
        }
        catch (UnreadableImageException fault) when (fault.Advice == UnreadableImageException.UsualAdvice) // leaving it out now would make another set of images, which a run does not go on with
        {
            throw new UnreadableImageException(fault.Name, fault.Index, fault.Count, fault.Reason, $"Bring it back as it was; --resume then goes on from the last checkpoint in {_folder.Path}. Or start a new run without it.", fault);
        }
        finally
        {
            if (!_options.Deterministic)
                set_num_threads(threads);
        }
    }

    private bool Train(bool resume, CancellationToken stop)
    {
        using IDisposable held = _folder.Lock();
        if (!resume)
            _folder.CheckUntouched(_options);
        else
            _folder.CheckSettings(_options);
        _options.SetArithmetic();
        Placement placement = Placement ?? Placement.On(_options.FindDevice());
        ViewRecipe recipe = _options.CreateViewRecipe();
        _folder.KeepViews(recipe);
        string images = SampleOrder.Fingerprint(_source);
        var rejected = new List<string>();
        var checkpoint = resume ? ReadCheckpoint(images, rejected) : null;
        int done = checkpoint?.Step ?? 0;
        if (checkpoint is not null)
            _folder.KeepImages(_options.Images); // they may have moved
        using var record = new RunRecord(_folder, _observer, images, done);
        rejected.ForEach(record.Say);
        ResNet encoder = _options.CreateEncoder();
        if (checkpoint is null && _options.Weights is { } weights)
            StartingWeights.Load(encoder, weights).ToList().ForEach(record.Say);
        NativeHeap.KeepFreed(encoder.Settings.LargestActivation(2 * Math.Min(_options.Batch, _options.Chunk ?? _options.Batch), recipe.Size, encoder.Precision == ScalarType.BFloat16 ? 2 : 4));
        using IMethod method = _options.CreateMethod(encoder, _source.Count);
        foreach (var (_, module) in method.Networks)
            module.to(placement.Device); // before the optimizer, whose state stands where the parameters stand
        using Optimizer optimizer = KnownOptimizer.Named(_options.Optimizer).Create(method, _options);
        if (checkpoint is not null)
            Restore(method, optimizer, checkpoint.Value.Tensors);

        var schedule = new LearningRateSchedule(_options.EffectiveLearningRate, (int)Math.Round(_options.WarmupEpochs * StepsPerEpoch), TotalSteps, _options.Schedule);
        var temperatures = new TemperatureSchedule(_options.Temperature, _options.TemperatureEnd ?? _options.Temperature, TotalSteps, _options.TemperatureSchedule);
        using var loader = new ViewLoader(_source, recipe, new ViewLoaderOptions { BatchSize = _options.Batch, Workers = _options.Workers ?? placement.UsualWorkers, Seed = _options.Seed, DropLast = true });
        record.Log($"{(done == 0 ? "started" : $"resumed after step {done}")}; {_source.Count} images of {_source.Description}, {TotalSteps} steps, on {placement.Device}, {get_num_threads()} threads, {_options.Precision}, JPEG by {JpegDecoding.Description}");
        record.Log($"on {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores; .NET {Environment.Version}, {TorchRuntime.Description}");
        if (_source.LeftOut is { } others)
            record.Say($"Left out, since their names are not those of images: {others}");
        if (checkpoint is null)
            WhatIsNormal().ToList().ForEach(record.Say);
        foreach (var (_, module) in method.Networks)
            module.train();
        if (checkpoint is null && !FillMemory(method, loader, placement, record, stop))
        {
            record.Log("interrupted before the first step");
            return false;
        }
        _observer.OnStart(done, TotalSteps);

        var training = new TrainingStep(method, optimizer, _options, placement.IsAsynchronous);
        var watch = new CollapseWatch();
        using var pending = new PendingSteps(placement);
        long started = 0;
        double waited = 0;
        while (done < TotalSteps && !stop.IsCancellationRequested)
        {
            int epoch = done / StepsPerEpoch, batches = 0;
            (started, waited) = (Stopwatch.GetTimestamp(), loader.WaitSeconds);
            ReadOnlyMemory<int> order = SampleOrder.ForEpoch(_options.Seed, epoch, _source.Count).AsMemory(0, StepsPerEpoch * _options.Accumulate * _options.Batch);
            foreach (ViewBatch batch in loader.ReadEpoch(epoch, order, firstStep: done % StepsPerEpoch * _options.Accumulate))
            {
                double temperature = temperatures.At(done);
                using Tensor views = placement.ViewsOf(batch); // [2N, 3, H, W]
                try
                {
                    training.Add(views, batch.Indices.ToArray(), (_options with { Temperature = temperature }).CreateLoss(), LabelsOf(batch));
                    if (++batches % _options.Accumulate != 0)
                        continue;
                    pending.Add(training.FinishLater(schedule.At(done)), done + 1, epoch, temperature);
                    done++;
                }
                catch (Exception exception) when (exception is ArgumentException or DivergedException) // the loss refuses embeddings that are zero or not finite
                {
                    Report(isMeasured: false); // those before it
                    throw Diverged(exception, method, batch, views, done + 1, temperature);
                }
                bool isMeasured = _evaluate is not null && done % StepsPerEpoch == 0 && done / StepsPerEpoch % _options.EvaluateEvery == 0;
                bool isKept = done < TotalSteps && (done % _options.CheckpointEvery == 0 || (record.IsBehind && done % RetryEvery == 0));
                if (pending.AreDue || isMeasured || isKept || done % StepsPerEpoch == 0)
                    Report(isMeasured);
                if (done % CollectEvery == 0)
                    GC.Collect(0); // TorchSharp leaves small native objects to finalizers; the collector does not see how many wait
                if (isKept)
                    record.TryCheckpoint(done, State, _options.KeepLast, _options.KeepEvery);
                if (stop.IsCancellationRequested)
                    break;
            }
            Report(isMeasured: false); // those before a stop
        }
        bool isFinished = done == TotalSteps;
        record.Finish(() =>
        {
            record.Checkpoint(done, State, _options.KeepLast, _options.KeepEvery);
            if (isFinished)
                EncoderFile.Write(_folder.EncoderPath, encoder, recipe);
        }, stop);
        record.Log($"{(isFinished ? "finished" : "interrupted")} after step {done}");
        return isFinished;

        void Report(bool isMeasured)
        {
            int last = pending.Last;
            List<StepMetrics> steps = pending.Read(out Exception? fault);
            if (steps.Count > 0)
                Tell(steps, isMeasured && fault is null);
            if (fault is not null)
                throw NotGoingOn(fault, pending.First, last);
        }

        void Tell(List<StepMetrics> steps, bool isMeasured)
        {
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds, wait = Math.Min(1, (loader.WaitSeconds - waited) / seconds);
            steps = steps.ConvertAll(step => step with { ImagesPerSecond = steps.Count * _options.Accumulate * _options.Batch / seconds, DataWait = wait });
            if (isMeasured)
                steps[^1] = steps[^1] with { OnlineAccuracy = _evaluate!(encoder) };
            (started, waited) = (Stopwatch.GetTimestamp(), loader.WaitSeconds);
            foreach (StepMetrics step in steps)
            {
                StepMetrics ranked = step with { EffectiveRank = steps[^1].EffectiveRank };
                record.Add(ranked);
                _observer.OnStep(ranked);
                if (watch.See(step) is { } collapse)
                    record.Say(collapse);
            }
        }

        IEnumerable<(string Name, Tensor Value)> State() => method.Networks
            .SelectMany(n => n.Module.state_dict().Select(t => ($"{n.Name}.{t.Key}", t.Value)))
            .Concat(optimizer.State());
    }

    // The images that come last in the first epoch: none of them returns before the memory has moved on, if it is smaller than the epoch.
    // False where it was asked to stop: a memory half filled is not kept, and the run starts anew.
    private bool FillMemory(IMethod method, ViewLoader loader, Placement placement, RunRecord record, CancellationToken stop)
    {
        if (method.ImagesWanted == 0)
            return true;
        if (method.ImagesWanted > _source.Count - _options.Batch)
            record.Say($"{_options.Method} remembers {method.ImagesWanted:N0} embeddings, but there are {_source.Count:N0} images: it holds several of one image, and older ones than it need. Fewer are usually better.");
        int batches = Math.Min((method.ImagesWanted + _options.Batch - 1) / _options.Batch, _source.Count / _options.Batch);
        ReadOnlyMemory<int> last = SampleOrder.ForEpoch(_options.Seed, 0, _source.Count).AsMemory()[^(batches * _options.Batch)..];
        foreach (ViewBatch batch in loader.ReadEpoch(0, last))
        {
            if (stop.IsCancellationRequested)
                return false;
            using Tensor views = placement.ViewsOf(batch);
            BatchGradient.Fill(method, views, batch.Indices.ToArray(), _options.Chunk);
        }
        return true;
    }

    // Numbers that are often taken for faults.
    private IEnumerable<string> WhatIsNormal()
    {
        int ofEpoch = StepsPerEpoch * _options.Accumulate * _options.Batch, rest = _source.Count - ofEpoch;
        if (rest > _source.Count / 20)
            yield return $"An epoch takes whole batches: {ofEpoch:N0} of the {_source.Count:N0} images, {rest:N0} others left out each time. A --batch × --accumulate that divides their number takes all.";
        if (_options.Loss is not "infonce")
            yield return $"The value of {_options.Loss} may become negative: its denominator lacks the positive pair. That is normal.";
        if (_options.Method is "moco")
            yield return "MoCo's loss may rise for a while: as the encoder learns, the queue holds ever harder negatives. That is normal; judge the encoder with diptych evaluate.";
    }

    // For a GPU only: a CPU's steps are looked at as they are made.
    private InvalidInputException NotGoingOn(Exception fault, int step, int noticed) => new(
        $"Training cannot go on at step {step}: {fault.Message}{Environment.NewLine}It was noticed after step {noticed}, since a GPU is looked at every few steps. --resume --device cpu goes on from the last checkpoint and looks at each, with a processor's rounding.{Environment.NewLine}{Advice}", fault);

    private string Advice => $"Try a lower --learning-rate than {_options.EffectiveLearningRate:G3} in a new run. The last checkpoint is kept in {_folder.Path}.";

    private InvalidInputException Diverged(Exception fault, IMethod method, ViewBatch batch, Tensor views, int step, double temperature)
    {
        string path = Path.Combine(_folder.Path, $"failure-step-{step:D8}"), kept;
        try
        {
            FailureBundle.Write(path, _options, method, views, new FailureBundle
            {
                What = fault.Message,
                Step = step,
                Temperature = temperature,
                ImageCount = _source.Count,
                Images = batch.Indices.ToArray().Select(_source.GetName).ToArray(),
                Indices = batch.Indices.ToArray(),
                Labels = LabelsOf(batch),
                Norms = new Dictionary<string, double>(),
            });
            kept = $"`diptych inspect {RunFolder.Quoted(path)}` makes the step again.";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            kept = $"The step could not be kept: {exception.Message}";
        }
        return new InvalidInputException($"Training cannot go on at step {step}: {fault.Message}{Environment.NewLine}{kept}{Environment.NewLine}{Advice}", fault);
    }

    private int[]? LabelsOf(ViewBatch batch) => _options.Supervised ? batch.Indices.ToArray().Select(_source.GetLabel).ToArray() : null;

    // An image whose batch holds its own class only has no negatives; that would end a long run somewhere in its middle.
    private static void CheckLabels(PretrainOptions options, IImageSource source)
    {
        if (source.LabelNames is null)
            throw new InvalidInputException($"--supervised learns from labels, but {source.Description} has none. {source.WhyUnlabelled ?? "Put the images of each class into a folder of their own, or leave the option out."}");
        int[] counts = new int[source.LabelNames.Count];
        for (int i = 0; i < source.Count; i++)
        {
            int label = source.GetLabel(i);
            if (label < 0)
                throw new InvalidInputException($"--supervised needs a label for every image, but {source.GetName(i)} in {source.Description} has none. Leave such images or the option out.");
            counts[label]++;
        }
        double batches = (double)source.Count / options.Batch * options.Epochs;
        double ofOneClass = batches * counts.Sum(c => Math.Pow((double)c / source.Count, options.Batch));
        if (ofOneClass > 0.001)
            throw new InvalidInputException($"Of the {batches:N0} batches of {options.Batch} images, about {ofOneClass:G2} would hold one class only, whose images have no negatives: the largest class has {counts.Max():N0} of {source.Count:N0} images. Use a larger --batch, or fewer images of that class.");
    }

    private (int Step, string Images, Dictionary<string, Tensor> Tensors)? ReadCheckpoint(string images, List<string> messages)
    {
        var newest = _folder.Checkpoints.ReadNewest(messages);
        if (newest is null)
            messages.Add($"{_folder.Path} has no whole checkpoint; the run starts from the beginning.");
        else if (newest.Value.Images != images)
            throw new InvalidInputException($"{_source.Description} holds other images than when the run in {_folder.Path} was started: {newest.Value.Images} then, {images} now. Bring the images back, or start a new run (--weights goes on from an encoder).");
        return newest;
    }

    private void Restore(IMethod method, Optimizer optimizer, Dictionary<string, Tensor> tensors)
    {
        foreach (var (name, module) in method.Networks)
            NetworkState.Restore(module, tensors, _folder.Path, name + ".");
        optimizer.Restore(tensors);
        foreach (Tensor tensor in tensors.Values)
            tensor.Dispose();
    }
}
