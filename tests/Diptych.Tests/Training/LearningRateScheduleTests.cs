using Diptych.Training;

namespace Diptych.Tests.Training;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void Rises_linearly_to_the_peak_and_falls_along_half_a_cosine()
    {
        var schedule = new LearningRateSchedule(Peak: 0.8, WarmupSteps: 4, TotalSteps: 12);
        Assert.Equal([0.2, 0.4, 0.6, 0.8], Enumerable.Range(0, 4).Select(schedule.At), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(0.8, schedule.At(4), 12);
        Assert.Equal(0.4, schedule.At(8), 12); // halfway down
        Assert.Equal(0.4 * (1 + Math.Cos(Math.PI * 7 / 8)), schedule.At(11), 12);
        Assert.True(schedule.At(11) > 0); // the last step still learns
    }

    [Fact]
    public void Without_warm_up_starts_at_the_peak() =>
        Assert.Equal(0.5, new LearningRateSchedule(0.5, 0, 10).At(0), 12);
}
