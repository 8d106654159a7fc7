using System.Globalization;

namespace Diptych.Training;

/// <summary>Tells when all images have come to look alike to the network.</summary>
/// <remarks>
/// The rule: in 20 steps on end the embeddings use fewer than 1.5 directions (effective rank), or the features deviate by less than 0.01
/// (<see cref="StepMetrics.FeatureDeviation"/>). Both are far below what an untrained network shows.
/// </remarks>
internal sealed class CollapseWatch
{
    private const int Patience = 20;
    private const double LeastRank = 1.5, LeastDeviation = 0.01;
    private int _steps;

    /// <summary>Looks at a step.</summary>
    /// <returns>What to say, or null.</returns>
    public string? See(StepMetrics step)
    {
        bool isCollapsed = step.EffectiveRank < LeastRank || step.FeatureDeviation < LeastDeviation;
        _steps = isCollapsed ? _steps + 1 : 0;
        return _steps != Patience ? null : string.Create(CultureInfo.InvariantCulture,
            $"Collapse: for {Patience} steps up to step {step.Step} all images look nearly alike to the network (effective rank {step.EffectiveRank:F2}, feature deviation {step.FeatureDeviation:G2}). The encoder will be of little use. Try a lower --learning-rate, a longer --warmup-epochs or a higher --temperature, and look at the views with diptych views.");
    }
}
