namespace Diptych.Training;

/// <summary>Linear warm-up, then half a cosine down to zero; a pure function of the step, so that resuming needs no state.</summary>
/// <param name="Peak">The rate at the end of the warm-up.</param>
/// <param name="WarmupSteps">Steps until the peak; 0 starts at it.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <remarks>Source: Loshchilov and Hutter, arXiv 1608.03983; warm-up as in Goyal et al., arXiv 1706.02677.</remarks>
public sealed record LearningRateSchedule(double Peak, int WarmupSteps, int TotalSteps)
{
    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">Step, 0-based.</param>
    public double At(int step)
    {
        if (step < WarmupSteps)
            return Peak * (step + 1) / WarmupSteps;
        double share = (step - WarmupSteps) / (double)Math.Max(1, TotalSteps - WarmupSteps);
        return Peak * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, share)));
    }
}
