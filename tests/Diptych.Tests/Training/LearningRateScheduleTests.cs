using Diptych.Training;

namespace Diptych.Tests.Training;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void An_unknown_shape_is_refused()
    {
        Assert.StartsWith("Unknown schedule 'constnat'. Known schedules: cosine, step, constant. Did you mean 'constant'?", Assert.Throws<ArgumentException>(() => new LearningRateSchedule(1, 0, 100, "constnat")).Message, StringComparison.Ordinal);
        Assert.StartsWith("Unknown schedule 'cosin'.", Assert.Throws<ArgumentException>(() => new TemperatureSchedule(0.1, 1, 100, "cosin")).Message, StringComparison.Ordinal);
    }

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

    [Fact]
    public void Steps_to_a_tenth_and_a_hundredth_at_sixty_and_eighty_percent()
    {
        var schedule = new LearningRateSchedule(2, 2, 10, "step");
        Assert.Equal([1, 2, 2, 2, 2, 2, 0.2, 0.2, 0.02, 0.02], Enumerable.Range(0, 10).Select(schedule.At), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void May_stay_where_it_is() =>
        Assert.All(Enumerable.Range(0, 10), step => Assert.Equal(0.3, new LearningRateSchedule(0.3, 0, 10, "constant").At(step)));

    [Fact]
    public void Temperature_goes_from_start_to_end()
    {
        Assert.Equal([0.5, 0.4, 0.3, 0.2, 0.1], Enumerable.Range(0, 5).Select(new TemperatureSchedule(0.5, 0.1, 5, "linear").At), (a, b) => Math.Abs(a - b) < 1e-12);
        var cosine = new TemperatureSchedule(0.5, 0.1, 5);
        Assert.Equal([0.5, 0.3 + 0.2 * Math.Sqrt(0.5), 0.3, 0.3 - 0.2 * Math.Sqrt(0.5), 0.1], Enumerable.Range(0, 5).Select(cosine.At), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(0.2, new TemperatureSchedule(0.2, 0.2, 1).At(0));
    }

    [Theory]
    [InlineData("sgd", null, null, 0.12)]
    [InlineData("lars", null, null, 0.15)]
    [InlineData("sgd", 0.5, null, 0.5)]
    [InlineData("sgd", 0.5, "linear", 0.25)]
    [InlineData("adamw", 0.5, "square-root", 0.35355339059327)]
    [InlineData("adamw", null, "none", 0.001)]
    public void Peak_follows_the_images_of_a_step_as_asked(string optimizer, double? rate, string? scaling, double expected) =>
        Assert.Equal(expected, new PretrainOptions { Batch = 64, Accumulate = 2, Optimizer = optimizer, LearningRate = rate, LearningRateScaling = scaling }.EffectiveLearningRate, 1e-12);
}
