using Diptych.Training;

namespace Diptych.Tests.Training;

public sealed class SweepPlanTests
{
    private static SweepPlan Read(string json)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("plan.json"), json);
        return SweepPlan.Read(folder.File("plan.json"));
    }

    [Fact]
    public void Seeds_are_outermost_and_losses_innermost_wherever_they_stand()
    {
        var runs = Read("""{"settings": {"width": 16, "epochs": 3}, "vary": {"loss": ["dcl", "infonce"], "batch": [16, 32]}, "seeds": [5, 6]}""").Expand("tiles");
        Assert.Equal(
            [
                "batch-16-loss-dcl-seed-5", "batch-16-loss-infonce-seed-5", "batch-32-loss-dcl-seed-5", "batch-32-loss-infonce-seed-5",
                "batch-16-loss-dcl-seed-6", "batch-16-loss-infonce-seed-6", "batch-32-loss-dcl-seed-6", "batch-32-loss-infonce-seed-6",
            ],
            runs.Select(r => r.Name));
        Assert.All(runs, r => Assert.Equal(("tiles", 16, 3), (r.Options.Images, r.Options.Width, r.Options.Epochs)));
        Assert.Equal(("infonce", 32, 5L), (runs[3].Options.Loss, runs[3].Options.Batch, runs[3].Options.Seed));
    }

    [Fact]
    public void Settings_that_belong_together_are_combined_with_those_that_vary()
    {
        var runs = Read("""{"settings": {"width": 16}, "runs": [{"method": "moco", "queue": 64}, {"method": "simclr"}], "vary": {"loss": ["dcl"]}, "seeds": [1]}""").Expand("tiles");
        Assert.Equal(["method-moco-queue-64-loss-dcl-seed-1", "method-simclr-loss-dcl-seed-1"], runs.Select(r => r.Name));
        Assert.Equal([64, null], runs.Select(r => r.Options.Queue));
    }

    [Fact]
    public void Mistakes_of_all_runs_are_named_together()
    {
        string message = Assert.Throws<InvalidInputException>(() => Read("""{"vary": {"batch": [1, 2], "temperature": [0, 0.1]}, "seeds": [1]}""").Expand("tiles")).Message;
        Assert.Equal(["batch-1-temperature-0-seed-1", "batch-1-temperature-0.1-seed-1", "batch-2-temperature-0-seed-1"],
            message.Split(Environment.NewLine).Where(l => l.StartsWith("batch-", StringComparison.Ordinal)).Select(l => l.Split(':')[0]).Order(StringComparer.Ordinal));
        Assert.Contains("--batch must be at least 2", message, StringComparison.Ordinal);
        Assert.DoesNotContain("batch-2-temperature-0.1", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"settings": {"seed": 7}}""", "seed is no setting of a plan. Use seeds.")]
    [InlineData("""{"vary": {"seed": [1, 2]}}""", "seed is no setting of a plan. Use seeds.")]
    [InlineData("""{"runs": [{"images": "photos"}]}""", "images is no setting of a plan. Use --data.")]
    public void What_a_plan_would_overwrite_is_refused(string json, string expected) =>
        Assert.Equal(expected, Assert.Throws<InvalidInputException>(() => Read(json).Expand("tiles")).Message);

    [Fact]
    public void A_fault_in_the_file_is_named_with_its_line_counted_from_one() =>
        Assert.Contains("(line 2, byte 12). Expected about,", Assert.Throws<InvalidInputException>(() => Read("{\n  \"seeds\": x}")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_name_that_no_folder_could_have_is_shortened_and_stays_its_own()
    {
        string text = new('v', 260);
        var runs = Read($$"""{"vary": {"weights": ["{{text}}1", "{{text}}2"]}, "seeds": [1]}""").Expand("tiles");
        Assert.All(runs, run => Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(run.Name), 20, 220));
        Assert.Equal(2, runs.Select(run => run.Name).Distinct().Count());
        Assert.StartsWith("weights-vvvv", runs[0].Name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "is no plan of a sweep")]
    [InlineData("""{"vary": {"batch": 3}}""", "is no plan of a sweep: vary.batch must be a list of values, such as [1, 2] (line 1).")]
    [InlineData("""{"vary": {"batch": null}}""", "vary.batch is null, or holds null")]
    [InlineData("""{"vary": null}""", "vary is null, or holds null")]
    [InlineData("""{"settings": null}""", "settings is null, or holds null")]
    [InlineData("""{"seeds": null}""", "seeds is null, or holds null")]
    [InlineData("""{"runs": null}""", "runs is null, or holds null")]
    [InlineData("""{"runs": [null]}""", "runs is null, or holds null")]
    [InlineData("""{"evaluate": [null]}""", "evaluate is null, or holds null")]
    [InlineData("""{"settings": {"loss": "dcl", "loss": "infonce"}}""", "Key: loss")]
    [InlineData("""{"vary": {"loss": ["dcl"], "loss": ["infonce"]}}""", "Duplicate properties")]
    [InlineData("""{"seed": [1]}""", "is no plan of a sweep")]
    public void What_is_no_plan_is_refused(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidInputException>(() => Read(json)).Message, StringComparison.Ordinal);
}
