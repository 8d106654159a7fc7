using Diptych.Training;

namespace Diptych.Reports;

/// <summary>Means over some steps.</summary>
/// <param name="Epoch">Epochs done, in the middle of them.</param>
/// <param name="Loss">The loss.</param>
/// <param name="Q">Mean of q.</param>
/// <param name="ImagesPerSecond">Images (not views) a second.</param>
public sealed record CurvePoint(double Epoch, double Loss, double Q, double ImagesPerSecond)
{
    internal static CurvePoint Of(IReadOnlyList<StepMetrics> steps) => new(
        steps.Average(s => (double)s.Step), steps.Average(s => s.Loss), steps.Average(s => s.QMean), steps.Average(s => s.ImagesPerSecond));

    internal CurvePoint With(CurvePoint other) => new(
        (Epoch + other.Epoch) / 2, (Loss + other.Loss) / 2, (Q + other.Q) / 2, (ImagesPerSecond + other.ImagesPerSecond) / 2);
}
