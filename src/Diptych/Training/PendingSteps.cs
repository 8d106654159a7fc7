namespace Diptych.Training;

/// <summary>Steps that were made and not yet looked at.</summary>
/// <param name="placement">How many there may be.</param>
internal sealed class PendingSteps(Placement placement) : IDisposable
{
    private readonly Queue<(StepFigures Figures, int Step, int Epoch, double Temperature)> _steps = new();

    /// <summary>Whether they should be read now.</summary>
    public bool AreDue => _steps.Sum(step => step.Figures.BatchCount) >= placement.ReadEvery;

    /// <summary>The step that is read next, 1-based: when reading failed, the one that it failed at. 0 for none.</summary>
    public int First => _steps.TryPeek(out var first) ? first.Step : 0;

    /// <summary>The last step that was added; 0 for none.</summary>
    public int Last => _steps.Count > 0 ? _steps.Last().Step : 0;

    /// <summary>Adds a step; it belongs to this object from then on.</summary>
    public void Add(StepFigures figures, int step, int epoch, double temperature) => _steps.Enqueue((figures, step, epoch, temperature));

    /// <summary>Waits for the device and reads them all, or those before one that cannot be used.</summary>
    /// <param name="fault">Why <see cref="First"/> could not be: an embedding was zero or not finite, or a loss or a gradient was not finite. Null where all were read.</param>
    /// <returns>In their order. The effective rank is the last one's alone, and NaN elsewhere.</returns>
    public List<StepMetrics> Read(out Exception? fault)
    {
        fault = null;
        var read = new List<StepMetrics>();
        if (_steps.Count == 0)
            return read;
        foreach (StepMetrics metrics in StepFigures.Read([.. _steps.Select(step => step.Figures)], out fault))
        {
            var (figures, step, epoch, temperature) = _steps.Dequeue();
            read.Add(metrics with { Step = step, Epoch = epoch, Temperature = temperature });
            figures.Dispose();
        }
        return read;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (figures, _, _, _) in _steps)
            figures.Dispose();
        _steps.Clear();
    }
}
