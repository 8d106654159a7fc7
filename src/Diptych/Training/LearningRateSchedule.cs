namespace Diptych.Training;

/// <summary>Linear warm-up, then down along one of <see cref="Shapes"/>; a pure function of the step, so that resuming needs no state.</summary>
/// <param name="Peak">The rate at the end of the warm-up.</param>
/// <param name="WarmupSteps">Steps until the peak; 0 starts at it.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Shape">One of <see cref="Shapes"/>.</param>
/// <remarks>
/// <c>cosine</c> is half a cosine down to zero (Loshchilov and Hutter, arXiv 1608.03983); <c>step</c> is a tenth from 60 % of the run
/// and a hundredth from 80 % (MoCo's 120 and 160 of 200 epochs, arXiv 1911.05722); <c>constant</c> stays. Warm-up: Goyal et al., arXiv 1706.02677.
/// </remarks>
public sealed record LearningRateSchedule(double Peak, int WarmupSteps, int TotalSteps, string Shape = "cosine")
{
    /// <summary>One of <see cref="Shapes"/>.</summary>
    /// <exception cref="ArgumentException">It is another.</exception>
    public string Shape { get; init; } = Shapes.Contains(Shape) ? Shape : throw new ArgumentException(NearMiss.Describe("schedule", Shape, Shapes), nameof(Shape));

    /// <summary>The shapes there are.</summary>
    public static IReadOnlyList<string> Shapes { get; } = ["cosine", "step", "constant"];

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">Step, 0-based.</param>
    public double At(int step)
    {
        if (step < WarmupSteps)
            return Peak * (step + 1) / WarmupSteps;
        switch (Shape)
        {
            case "constant":
                return Peak;
            case "step":
                // In whole numbers: 60 % of 10 steps is step 6, whatever the rounding.
                return Peak * (10L * step >= 8L * TotalSteps ? 0.01 : 10L * step >= 6L * TotalSteps ? 0.1 : 1);
            default:
                double share = (step - WarmupSteps) / (double)Math.Max(1, TotalSteps - WarmupSteps);
                return Peak * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, share)));
        }
    }
}
