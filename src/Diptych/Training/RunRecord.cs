using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>What a run writes while it trains. A disk that is full for a while loses nothing: lines wait in memory, checkpoints are tried again.</summary>
internal sealed class RunRecord : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private readonly RunFolder _folder;
    private readonly IPretrainObserver _observer;
    private readonly MetricsFile _metrics;
    private readonly string _images;
    private string _unlogged = "";

    /// <summary>Opens the run's files; metrics are cut back to what was done.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="observer">Who hears of trouble.</param>
    /// <param name="images">What tells this set of images from another, kept in every checkpoint.</param>
    /// <param name="done">Steps done.</param>
    /// <exception cref="InvalidInputException">The folder cannot be written.</exception>
    public RunRecord(RunFolder folder, IPretrainObserver observer, string images, int done)
    {
        (_folder, _observer, _images) = (folder, observer, images);
        try
        {
            _metrics = MetricsFile.Open(folder.MetricsPath, done);
        }
        catch (Exception exception) when (IsOfTheDisk(exception))
        {
            throw Unwritable(exception);
        }
    }

    /// <summary>Whether the last attempt to write a checkpoint failed.</summary>
    public bool IsBehind { get; private set; }

    /// <summary>Tells the observer and the log.</summary>
    public void Say(string message)
    {
        _observer.OnMessage(message);
        Log(message);
    }

    /// <summary>Adds a line to the log.</summary>
    public void Log(string line)
    {
        _unlogged += $"{DateTime.UtcNow:u} {line}\n";
        try
        {
            File.AppendAllText(_folder.LogPath, _unlogged);
            _unlogged = "";
        }
        catch (Exception exception) when (IsOfTheDisk(exception))
        {
            // It waits for the next line.
        }
    }

    /// <summary>Adds the metrics of a step.</summary>
    public void Add(StepMetrics step)
    {
        try
        {
            _metrics.Write(step);
        }
        catch (Exception exception) when (IsOfTheDisk(exception))
        {
            // The line waits for the next one. Whether checkpoints find room is another question: they are larger.
        }
    }

    /// <summary>Writes a checkpoint, or says that it could not.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="state">The whole state, by name.</param>
    /// <param name="keep">How many of the newest to keep.</param>
    /// <param name="keepEvery">Checkpoints at multiples of this many steps are kept as well; null for none.</param>
    public bool TryCheckpoint(int step, Func<IEnumerable<(string Name, Tensor Value)>> state, int keep, int? keepEvery)
    {
        bool wasBehind = IsBehind;
        if (Try(() => Checkpoint(step, state, keep, keepEvery), out Exception? exception))
        {
            if (wasBehind)
                Say($"The disk takes files again: checkpoint of step {step} written.");
            return true;
        }
        if (!wasBehind)
            Say($"{Unwritable(exception!).Message} Training goes on, and writing is tried again every few steps.");
        return false;
    }

    /// <summary>Writes the last files of a run, and waits for room where there is none.</summary>
    /// <param name="write">Writes them; may be called more than once.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="InvalidInputException">There was no room until the end.</exception>
    public void Finish(Action write, CancellationToken stop)
    {
        while (!Try(write, out Exception? exception))
        {
            if (stop.IsCancellationRequested || !stop.CanBeCanceled) // nobody could give up
                throw Unwritable(exception!);
            Say($"{Unwritable(exception!).Message} Nothing is lost yet: writing is tried again every {Pause.TotalSeconds:F0} seconds. Ctrl-C gives up.");
            stop.WaitHandle.WaitOne(Pause);
        }
    }

    /// <summary>Writes a checkpoint.</summary>
    /// <exception cref="IOException">There is no room, or the folder cannot be written.</exception>
    public void Checkpoint(int step, Func<IEnumerable<(string Name, Tensor Value)>> state, int keep, int? keepEvery)
    {
        _metrics.Flush();
        _folder.Checkpoints.Write(step, state(), _images, keep, keepEvery);
    }

    /// <inheritdoc/>
    public void Dispose() => _metrics.Dispose();

    private bool Try(Action write, out Exception? failure)
    {
        try
        {
            write();
            (failure, IsBehind) = (null, false);
        }
        catch (Exception exception) when (IsOfTheDisk(exception))
        {
            (failure, IsBehind) = (exception, true);
        }
        return failure is null;
    }

    private InvalidInputException Unwritable(Exception exception) => new(
        $"The run folder {_folder.Path} cannot be written: {exception.Message} Make room; checkpoints written earlier are untouched, and --resume goes on from them.", exception);

    private static bool IsOfTheDisk(Exception exception) => exception is IOException or UnauthorizedAccessException;
}
