namespace Diptych.Training;

/// <summary>The temperature from the first step to the last; a pure function of the step.</summary>
/// <param name="Start">Temperature of the first step.</param>
/// <param name="End">Temperature that the run ends with.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Shape">One of <see cref="Shapes"/>: how it goes from one to the other.</param>
public sealed record TemperatureSchedule(double Start, double End, int TotalSteps, string Shape = "cosine")
{
    /// <summary>One of <see cref="Shapes"/>.</summary>
    /// <exception cref="ArgumentException">It is another.</exception>
    public string Shape { get; init; } = Shapes.Contains(Shape) ? Shape : throw new ArgumentException(NearMiss.Describe("schedule", Shape, Shapes), nameof(Shape));

    /// <summary>The shapes there are.</summary>
    public static IReadOnlyList<string> Shapes { get; } = ["cosine", "linear"];

    /// <summary>The temperature of a step.</summary>
    /// <param name="step">Step, 0-based.</param>
    public double At(int step)
    {
        double share = TotalSteps < 2 ? 0 : Math.Min(1, step / (TotalSteps - 1.0));
        if (Shape == "cosine")
            share = 0.5 * (1 - Math.Cos(Math.PI * share));
        return Start + (End - Start) * share;
    }
}
