using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>What a step will say of itself once the device is waited for.</summary>
/// <param name="batches">Its batches; they are freed with this object.</param>
/// <param name="gradientNorm">Length of the gradient before clipping, a scalar; freed too.</param>
/// <param name="learningRate">The rate of the step.</param>
internal sealed class StepFigures(IReadOnlyList<BatchFigures> batches, Tensor gradientNorm, double learningRate) : IDisposable
{
    // Batches that are looked at together, for the memory that takes.
    private const int Together = 32;

    private readonly IReadOnlyList<BatchFigures> _batches = batches;
    private readonly Tensor _gradientNorm = gradientNorm;
    private readonly double _learningRate = learningRate;

    /// <summary>How many batches the step had.</summary>
    public int BatchCount => _batches.Count;

    /// <summary>Waits for the device and reads.</summary>
    /// <returns>Means over the step's batches.</returns>
    /// <exception cref="ArgumentException">An embedding was zero or not finite.</exception>
    /// <exception cref="DivergedException">A loss or the gradient was not finite.</exception>
    public StepMetrics Read()
    {
        List<StepMetrics> read = Read([this], out Exception? fault);
        return fault is null ? read[0] : throw fault;
    }

    /// <summary>Waits for the device and reads several steps, or those before one that cannot be used.</summary>
    /// <param name="steps">In their order, at least one.</param>
    /// <param name="fault">Why the next one cannot be: what <see cref="Read()"/> would throw; null where all were read.</param>
    /// <returns>Means over the batches of each. The effective rank is that of the last step's last batch, and NaN elsewhere.</returns>
    public static List<StepMetrics> Read(IReadOnlyList<StepFigures> steps, out Exception? fault)
    {
        using var scope = NewDisposeScope();
        var parts = steps.SelectMany(s => s._batches).Chunk(Together).Select(BatchFigures.Read).ToArray();
        StepMetrics[] figures = [.. parts.SelectMany(part => part.Figures)];
        bool areUsable = parts.All(part => part.AreUsable);
        double[] norm = stack(steps.Select(s => s._gradientNorm)).to_type(ScalarType.Float64).cpu().data<double>().ToArray();
        var read = new List<StepMetrics>();
        int first = 0;
        fault = null;
        try
        {
            foreach (var (i, step) in steps.Index())
            {
                StepMetrics[] own = figures[first..(first += step._batches.Count)];
                if (!areUsable)
                    step._batches.ToList().ForEach(batch => batch.RequireUsable());
                foreach (StepMetrics batch in own)
                    DivergedException.ThrowIfNotFinite("loss", batch.Loss);
                DivergedException.ThrowIfNotFinite("length of the gradient", norm[i]);
                read.Add(StepMetrics.Mean(own) with { GradientNorm = norm[i], LearningRate = step._learningRate });
            }
            read[^1] = read[^1] with { EffectiveRank = steps[^1]._batches[^1].EffectiveRank() };
        }
        catch (Exception exception) when (exception is ArgumentException or DivergedException)
        {
            fault = exception;
        }
        return read;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (BatchFigures batch in _batches)
            batch.Dispose();
        _gradientNorm.Dispose();
    }
}
