using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>What a step will say of itself once the device is waited for.</summary>
/// <param name="batches">Its batches; they are freed with this object.</param>
/// <param name="gradientNorm">Length of the gradient before clipping, a scalar; freed too.</param>
/// <param name="learningRate">The rate of the step.</param>
internal sealed class StepFigures(IReadOnlyList<BatchFigures> batches, Tensor gradientNorm, double learningRate) : IDisposable
{
    /// <inheritdoc cref="BatchFigures.ForgetRank"/>
    public void ForgetRank()
    {
        foreach (BatchFigures batch in batches)
            batch.ForgetRank();
    }

    /// <summary>Waits for the device and reads.</summary>
    /// <returns>Means over the step's batches.</returns>
    /// <exception cref="ArgumentException">An embedding was zero or not finite.</exception>
    /// <exception cref="DivergedException">A loss or the gradient was not finite.</exception>
    public StepMetrics Read()
    {
        StepMetrics mean = StepMetrics.Mean([.. batches.Select(batch => batch.Read())]);
        double norm = gradientNorm.item<float>();
        DivergedException.ThrowIfNotFinite("length of the gradient", norm);
        return mean with { GradientNorm = norm, LearningRate = learningRate };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (BatchFigures batch in batches)
            batch.Dispose();
        gradientNorm.Dispose();
    }
}
