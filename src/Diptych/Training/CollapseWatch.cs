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
    private double _rank = double.PositiveInfinity;
    private int _steps;

    /// <summary>Looks at a step, whose effective rank is that of the step before where it was not measured (NaN).</summary>
    /// <returns>What to say, or null.</returns>
    public string? See(StepMetrics step)
    {
        _rank = double.IsNaN(step.EffectiveRank) ? _rank : step.EffectiveRank;
        bool isCollapsed = _rank < LeastRank || step.FeatureDeviation < LeastDeviation;
        _steps = isCollapsed ? _steps + 1 : 0;
        return _steps != Patience ? null : string.Create(CultureInfo.InvariantCulture,
            $"Collapse: for {Patience} steps up to step {step.Step} all images look nearly alike to the network (effective rank {_rank:F2}, feature deviation {step.FeatureDeviation:G2}). The encoder will be of little use. Try a lower --learning-rate, a longer --warmup-epochs or a higher --temperature, and look at the views with diptych views.");
    }
}
