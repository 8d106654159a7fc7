using System.Diagnostics;

namespace Diptych.Cli.Tests;

public sealed class SweepTests
{
    private const string Plan = """
        {
          "settings": {"width": 4, "encoder": "resnet10", "image-size": 8, "views": "satellite", "epochs": 1, "batch": 20, "threads": 1},
          "vary": {"loss": ["dcl", "infonce"], "batch": [20, 40]},
          "seeds": [1, 2],
          "evaluate": ["--no-baselines", "--k", "5"]
        }
        """;

    private static readonly string[] Order = [.. from seed in new[] { 1, 2 } from batch in new[] { 20, 40 } from loss in new[] { "dcl", "infonce" } select $"batch-{batch}-loss-{loss}-seed-{seed}"];

    private static TemporaryFolder Prepared(string plan)
    {
        var folder = new TemporaryFolder();
        Tiles.Unpack(Run.Sample("train.tar"), folder.File("labelled/train"), perClass: 10);
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("labelled/test"), perClass: 5);
        File.WriteAllText(folder.File("plan.json"), plan);
        return folder;
    }

    [Fact]
    public async Task A_sweep_makes_every_run_losses_side_by_side_and_makes_none_twice()
    {
        using TemporaryFolder folder = Prepared(Plan);
        string[] command = ["sweep", "plan.json", "--data", "labelled", "--out", "runs", "--processes", "2"];
        Run first = await Run.ToolIn(folder, command);
        string table = first.Succeeded();
        Assert.Equal(Order.Order(), first.Error.Split('\n').Where(l => l.EndsWith(": training", StringComparison.Ordinal)).Select(l => l.Split(':')[0]).Order());
        Assert.Contains("| dcl     | 20    | 1, 2  |", table, StringComparison.Ordinal);
        Assert.Contains("k = 5", table, StringComparison.Ordinal);
        Assert.Equal(table.Trim(), File.ReadAllText(folder.File("runs/comparison.md")).Trim());
        Assert.Contains("\"seed\": 1", File.ReadAllText(folder.File("runs/comparison.json")), StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("runs/plots/by-batch.png")));

        Run again = await Run.ToolIn(folder, command);
        Assert.Equal(table, again.Succeeded());
        Assert.Equal("8 runs, 8 of them done already.", again.Error);

        again = await Run.ToolIn(folder, [.. command[..3], folder.File("labelled"), .. command[4..]]); // the same images in other words
        Assert.Equal(table, again.Succeeded());

        Run compared = await Run.ToolIn(folder, "compare", "runs", "runs/"); // the same runs once
        Assert.Equal(table, compared.Succeeded());

        Run otherwise = await Run.ToolIn(folder, "sweep", "plan.json", "--train", "labelled/test", "--test", "labelled/train", "--out", "runs");
        Assert.Equal(2, otherwise.ExitCode);
        Assert.Contains("were evaluated by", otherwise.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_chose_its_precision_is_not_made_twice()
    {
        using TemporaryFolder folder = Prepared("""{"settings": {"views": "satellite", "image-size": 8, "width": 4, "batch": 50, "epochs": 1, "precision": "auto"}, "seeds": [1], "evaluate": ["--no-baselines"]}""");
        string[] command = ["sweep", "plan.json", "--data", "labelled", "--out", "runs"];
        string table = (await Run.ToolIn(folder, command)).Succeeded();
        Run again = await Run.ToolIn(folder, command);
        Assert.Equal(table, again.Succeeded());
        Assert.Equal("1 runs, 1 of them done already.", again.Error);
    }

    [Fact]
    public async Task A_sweep_that_was_stopped_goes_on_where_it_was()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals are sent by the kill of Linux.");
        using TemporaryFolder folder = Prepared(Plan.Replace("\"epochs\": 1", "\"epochs\": 60", StringComparison.Ordinal).Replace("[1, 2]", "[1]", StringComparison.Ordinal).Replace("[20, 40]", "[40]", StringComparison.Ordinal));
        string[] command = ["sweep", "plan.json", "--data", "labelled", "--out", "runs"];
        using Process process = Run.StartToolIn(folder, command);
        while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("dcl-seed-1: step", StringComparison.Ordinal))
        {
        }
        using (Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        Run stopped = await Run.Finish(process);
        Assert.Equal((130, true), (stopped.ExitCode, stopped.Error.Contains("Interrupted with 0 of 2 runs done", StringComparison.Ordinal)));
        Assert.True(Directory.Exists(folder.File($"runs/{Order[2].Replace("-20-", "-40-", StringComparison.Ordinal)}/checkpoints")));
        (await Run.ToolIn(folder, command)).Succeeded();
        Assert.Contains("resumed after step", File.ReadAllText(folder.File("runs/batch-40-loss-dcl-seed-1/log.txt")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sweep_that_was_killed_waits_for_the_run_it_left_at_work()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals are sent by the kill of Linux.");
        using TemporaryFolder folder = Prepared(Plan.Replace("\"epochs\": 1", "\"epochs\": 400", StringComparison.Ordinal).Replace("[1, 2]", "[1]", StringComparison.Ordinal).Replace("[20, 40]", "[40]", StringComparison.Ordinal).Replace(", \"infonce\"", "", StringComparison.Ordinal));
        string[] command = ["sweep", "plan.json", "--data", "labelled", "--out", "runs"];
        using (Process process = Run.StartToolIn(folder, command))
        {
            while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("dcl-seed-1: step", StringComparison.Ordinal))
            {
            }
            process.Kill(); // its child goes on
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        Run again = await Run.ToolIn(folder, command);
        again.Succeeded();
        Assert.Contains("dcl-seed-1: another process is at work on it", again.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("resumed", File.ReadAllText(folder.File("runs/batch-40-loss-dcl-seed-1/log.txt")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_a_signal_ended_is_told_so()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals are sent by the kill of Linux.");
        using TemporaryFolder folder = Prepared(Plan.Replace("\"epochs\": 1", "\"epochs\": 500", StringComparison.Ordinal).Replace("[1, 2]", "[1]", StringComparison.Ordinal).Replace("[20, 40]", "[40]", StringComparison.Ordinal).Replace(", \"infonce\"", "", StringComparison.Ordinal));
        using Process process = Run.StartToolIn(folder, "sweep", "plan.json", "--data", "labelled", "--out", "runs");
        while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("dcl-seed-1: step", StringComparison.Ordinal))
        {
        }
        (await Run.Command("pkill", ["-KILL", "-P", $"{process.Id}"])).Succeeded();
        Run swept = await Run.Finish(process);
        Assert.Equal(2, swept.ExitCode);
        Assert.Contains("1 of 1 runs failed, 0 are done.", swept.Error, StringComparison.Ordinal);
        Assert.Contains("The process was ended by signal 9, often for want of memory.", swept.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"k\"", "\"k\"", "plan.json is no plan of a sweep")]
    [InlineData("\"batch\": [20, 40]", "\"batch\": [1, 40], \"losss\": [1]", "batch-1-losss-1-loss-dcl-seed-1")]
    [InlineData("\"--k\"", "\"--kk\"", "Did you mean '--k'?")]
    [InlineData("[1, 2]", "[]", "a list of values or of seeds is empty")]
    [InlineData("[1, 2]", "[1, 1]", "is there 2 times")]
    public async Task Mistakes_of_a_plan_are_told_before_anything_is_run(string part, string instead, string expected)
    {
        using TemporaryFolder folder = Prepared(part == "\"k\"" ? "{\"sedes\": [1]}" : Plan.Replace(part, instead, StringComparison.Ordinal));
        Run run = await Run.ToolIn(folder, "sweep", "plan.json", "--data", "labelled", "--out", "runs");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("runs")));
    }

    [Theory]
    [InlineData("\"batch\": 5000", "[]", "fewer than one batch of 5000")]
    [InlineData("\"batch\": 20", "[\"--k\", \"101\"]", "--k is 101, but labelled/train has only 100 labelled images.")]
    public async Task What_the_images_do_not_allow_is_told_before_the_first_run(string setting, string evaluate, string expected)
    {
        using TemporaryFolder folder = Prepared($"{{\"settings\": {{\"width\": 4, {setting}}}, \"seeds\": [1], \"evaluate\": {evaluate}}}");
        Run run = await Run.ToolIn(folder, "sweep", "plan.json", "--data", "labelled", "--out", "runs");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("runs")));
    }

    [Theory]
    [InlineData("labelled", "labelled/train/runs", "--out is labelled/train/runs, which lies among the images in labelled/train")]
    [InlineData("both", "runs", "occur in both/train too")]
    public async Task What_would_spoil_the_images_or_the_figures_is_told_before_the_first_run(string data, string runs, string expected)
    {
        using TemporaryFolder folder = Prepared(Plan);
        Directory.CreateDirectory(folder.File("both"));
        foreach (string part in (string[])["train", "test"])
            Directory.CreateSymbolicLink(folder.File($"both/{part}"), folder.File("labelled/test"));
        Run run = await Run.ToolIn(folder, "sweep", "plan.json", "--data", data, "--out", runs);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File(runs)));
    }

    [Fact]
    public async Task A_run_that_fails_is_named_and_the_others_are_made()
    {
        using TemporaryFolder folder = Prepared("""
            {"settings": {"width": 4, "encoder": "resnet10", "image-size": 8, "views": "satellite", "epochs": 1, "threads": 1, "batch": 20, "warmup-epochs": 0}, "vary": {"learning-rate": [0.01, 1e30]}, "seeds": [1], "evaluate": ["--no-baselines", "--k", "5"]}
            """);
        Run run = await Run.ToolIn(folder, "sweep", "plan.json", "--data", "labelled", "--out", "runs");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("1 of 2 runs failed", run.Error, StringComparison.Ordinal);
        Assert.Contains("seed-1: Training cannot go on at step ", File.ReadAllText(folder.File("runs/comparison.md")), StringComparison.Ordinal);
        Assert.Contains("Training cannot go on at step ", run.Error, StringComparison.Ordinal);
        Assert.Contains("k = 5", run.Output, StringComparison.Ordinal);
    }
}
