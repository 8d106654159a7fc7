using System.Globalization;
using System.Text.Json;
using Diptych.Evaluation;
using Diptych.Reports;
using Diptych.Training;

namespace Diptych.Tests.Reports;

public sealed class RunComparisonTests
{
    private static RunSummary Run(TemporaryFolder folder, PretrainOptions options, double? accuracy, string protocol = "k = 20")
    {
        RunFolder run = RunFolder.Create(folder.File($"{options.Loss}-{options.Batch}-{options.LearningRate}-{options.Seed}"), options);
        File.WriteAllLines(run.MetricsPath, Enumerable.Range(1, 30).Select(step => JsonSerializer.Serialize(new StepMetrics
        {
            Step = step, Epoch = (step - 1) / 10, Loss = step > 20 ? options.Seed : 100, QMean = 0.5, QVariation = 0, QHistogram = [], Alignment = 0, Uniformity = 0, EffectiveRank = 1,
            PositiveSimilarity = 0, NegativeSimilarity = 0, FeatureDeviation = 0, OnlineAccuracy = step % 10 == 0 ? step / 100.0 : null,
        })));
        File.AppendAllText(run.MetricsPath, "{\"step\": 31, \"lo"); // as a killed process leaves it
        if (accuracy is { } share)
        {
            EvaluationRow Row(string features, double value) => new()
            {
                Features = features, Classifier = "nearest neighbour", Labels = "all", LabelCount = 10, Draws = 1, Split = "test", K = 20, Temperature = 0.1, Seed = 1, Accuracy = value, MacroF1 = 0, CalibrationError = 0,
            };
            new EvaluationResult { Protocol = protocol, Train = "train", Test = "test", Classes = ["a"], Results = [Row("raw pixels", 0.1), Row(options.Loss, share)], Features = [] }.Write(run.EvaluationPath);
        }
        return RunSummary.Read(run.Path);
    }

    [Fact]
    public void Runs_that_differ_in_their_seed_only_are_one_row_with_mean_and_deviation()
    {
        using var folder = new TemporaryFolder();
        var comparison = new RunComparison(
        [
            Run(folder, new() { Loss = "infonce", Batch = 64, Seed = 1, Workers = 2 }, 0.5), Run(folder, new() { Loss = "dcl", Batch = 64, Seed = 2 }, 0.7),
            Run(folder, new() { Loss = "dcl", Batch = 64, Seed = 1, CheckpointEvery = 7 }, 0.6), Run(folder, new() { Loss = "dcl", Batch = 8, Seed = 1 }, null),
        ]);
        Assert.Equal(["loss", "batch"], comparison.Settings);
        Assert.Equal(["dcl, batch 8", "dcl, batch 64", "infonce, batch 64"], comparison.Groups.Select(g => g.Name)); // by number, losses beside each other
        string measure = Assert.Single(comparison.Measures);
        Spread both = comparison.Groups[1].Figure(measure)!;
        Assert.Equal(2, both.Count);
        Assert.Equal(0.65, both.Mean, 12);
        Assert.Equal(Math.Sqrt(0.005), both.Deviation!.Value, 12);
        Assert.Equal(1.5, comparison.Groups[1].Of(r => r.Curve.LastLoss)!.Mean); // of the last epoch's steps alone
        Assert.Null(comparison.Groups[0].Figure(measure));
        string[] table = comparison.ToMarkdown().Split(Environment.NewLine);
        Assert.Equal("dcl | 64 | 1, 2 (2 not finished) | 65.00 ± 7.07 | 1.500 ± 0.707 | 0.500 ± 0.000", string.Join(" | ", table[3].Trim('|', ' ').Split('|').Select(c => c.Trim())));
        Assert.Contains("k = 20", table[^1], StringComparison.Ordinal);
        using var json = JsonDocument.Parse(comparison.ToJson());
        Assert.Equal(0.65, json.RootElement.GetProperty("groups")[1].GetProperty("accuracy").GetProperty(measure).GetProperty("mean").GetDouble(), 12);
        Assert.Equal([0.6, 0.7], json.RootElement.GetProperty("groups")[1].GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("accuracy").GetProperty(measure).GetDouble()));
    }

    [Fact]
    public void Views_that_one_file_held_at_different_times_are_not_one_row()
    {
        using var folder = new TemporaryFolder();
        RunSummary With(long seed, string views)
        {
            RunSummary run = Run(folder, new() { Views = "mine.json", Seed = seed }, 0.5);
            File.WriteAllText(run.Folder.ViewRecipePath, views);
            return run;
        }
        RunSummary[] runs = [With(1, """{"size": 8}"""), With(2, """{"size": 8, "jitter-probability": 0.1}"""), With(3, """{"size": 8}""")];
        var comparison = new RunComparison(runs);
        Assert.Equal(["views"], comparison.Settings);
        Assert.Equal([("mine.json, version 1", 2), ("mine.json, version 2", 1)], comparison.Groups.Select(g => (g.Settings["views"], g.Runs.Count)));
        Assert.Empty(new RunComparison([runs[0], runs[2]]).Settings);
    }

    [Fact]
    public void A_seed_counts_once()
    {
        using var folder = new TemporaryFolder();
        RunSummary one = Run(folder, new() { Seed = 1 }, 0.5), two = Run(folder, new() { Seed = 2 }, 0.7);
        RunSummary copy = one with { Evaluation = one.Evaluation! with { Results = [.. one.Evaluation.Results.Select(r => r with { Accuracy = 0.9 })] } };
        var comparison = new RunComparison([one, copy, two]);
        Spread both = comparison.Groups[0].Figure(Assert.Single(comparison.Measures))!;
        Assert.Equal((0.6, 2), (Math.Round(both.Mean, 12), both.Count));
        Assert.Equal(2, comparison.Groups[0].Of(r => r.Curve.LastLoss)!.Count);
        Assert.Contains("| 1, 2 (3 not finished) |", comparison.ToMarkdown(), StringComparison.Ordinal);
        Assert.EndsWith($"so that one counts:{Environment.NewLine}{one.Folder.Path}, {one.Folder.Path}", comparison.ToMarkdown(), StringComparison.Ordinal);
    }

    [Fact]
    public void Figures_in_doubt_and_runs_that_failed_are_told_with_the_table()
    {
        using var folder = new TemporaryFolder();
        RunSummary run = Run(folder, new() { Loss = "dcl", Seed = 1 }, 0.5);
        RunSummary doubtful = run with { Evaluation = run.Evaluation! with { Overlap = ["The encoder learned from 3 of the 9 images.", "another"] } };
        var comparison = new RunComparison([doubtful]) { Failed = ["dcl-seed-2: Training cannot go on at step 7"] };
        Assert.Contains($"may have been:{Environment.NewLine}{run.Folder.Path}: The encoder learned from 3 of the 9 images., and 1 more", comparison.ToMarkdown(), StringComparison.Ordinal);
        Assert.EndsWith($"are in no figure:{Environment.NewLine}dcl-seed-2: Training cannot go on at step 7", comparison.ToMarkdown(), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(comparison.ToJson());
        Assert.Equal((1, 1), (json.RootElement.GetProperty("doubts").GetArrayLength(), json.RootElement.GetProperty("failed").GetArrayLength()));
        Assert.DoesNotContain("may have been", new RunComparison([run]).ToMarkdown(), StringComparison.Ordinal);
    }

    [Fact]
    public void Losses_are_set_against_InfoNCE_seed_by_seed()
    {
        using var folder = new TemporaryFolder();
        RunSummary Of(string loss, int batch, long seed, double accuracy) => Run(folder, new() { Loss = loss, Batch = batch, Seed = seed }, accuracy);
        var comparison = new RunComparison([
            Of("infonce", 16, 1, 0.50), Of("dcl", 16, 1, 0.51), Of("infonce", 16, 2, 0.60), Of("dcl", 16, 2, 0.63), Of("dcl", 16, 3, 0.99), Of("infonce", 64, 1, 0.7), Of("dclw", 64, 1, 0.65), Of("dcl", 8, 1, 0.9)]);
        string measure = Assert.Single(comparison.Measures);
        Spread Above(string name) => comparison.AboveInfoNce(comparison.Groups.Single(g => g.Name == name), measure)!;
        Assert.Equal((0.02, 2), (Math.Round(Above("dcl, batch 16").Mean, 12), Above("dcl, batch 16").Count)); // seed 3 has no partner
        Assert.Equal(Math.Sqrt(0.0002), Above("dcl, batch 16").Deviation!.Value, 12);
        Assert.Null(Above("infonce, batch 16"));
        Assert.Null(Above("dcl, batch 8"));
        string[] table = comparison.ToMarkdown().Split("equal settings:")[1].Trim().Split(Environment.NewLine);
        Assert.Equal(["dcl | 16 | +2.00 ± 1.41 (2 of 3)", "dclw | 64 | −5.00"], table[2..4].Select(line => string.Join(" | ", line.Trim('|', ' ').Split('|').Select(c => c.Trim()))));
        using var json = JsonDocument.Parse(comparison.ToJson());
        Assert.Equal([0, 1, 0, 1, 0], json.RootElement.GetProperty("groups").EnumerateArray().Select(g => g.GetProperty("above-infonce").EnumerateObject().Count()));
    }

    [Fact]
    public void Runs_that_were_evaluated_in_different_ways_are_said_not_to_compare()
    {
        using var folder = new TemporaryFolder();
        var comparison = new RunComparison([Run(folder, new() { Seed = 1 }, 0.5), Run(folder, new() { Seed = 2 }, 0.5, "k = 5")]);
        Assert.Contains("2 different ways; their figures cannot be compared", comparison.ToMarkdown(), StringComparison.Ordinal);
    }

    [Fact]
    public void Learning_rates_are_compared_as_the_optimizer_gets_them()
    {
        using var folder = new TemporaryFolder();
        PretrainOptions usual = new() { Batch = 64 };
        var comparison = new RunComparison([
            Run(folder, usual, 0.5), Run(folder, usual with { LearningRate = 0.015 }, 0.5), Run(folder, usual with { LearningRate = 0.96, LearningRateScaling = "linear" }, 0.5)]);
        Assert.Equal(["learning-rate"], comparison.Settings);
        Assert.Equal(["0.015", "0.06", "0.24"], comparison.Groups.Select(g => g.Settings["learning-rate"]));
        Assert.Empty(new RunComparison([Run(folder, usual with { Seed = 2 }, 0.5), Run(folder, usual with { Seed = 3 }, 0.5)]).Settings);
    }

    [Fact]
    public void Plots_are_pictures_of_curves_and_of_every_numeric_setting_that_differs()
    {
        using var folder = new TemporaryFolder();
        var comparison = new RunComparison([.. new[] { 16, 32, 256 }.SelectMany(batch => new[] { "dcl", "infonce" }.Select(loss => Run(folder, new() { Loss = loss, Batch = batch }, 0.5)))]);
        string[] names = [.. ComparisonPlots.Write(comparison, folder.File("plots")).Select(f => Path.GetFileName(f)!)];
        Assert.Equal(["curves.png", "by-batch.png"], names);
        Assert.All(names, name =>
        {
            using var picture = SkiaSharp.SKBitmap.Decode(folder.File(Path.Combine("plots", name)));
            Assert.True(picture.Pixels.Distinct().Count() > 20, name); // lines, letters and their edges
        });
    }

    [Fact]
    public void The_picture_grows_with_the_names_in_its_legend()
    {
        using var folder = new TemporaryFolder();
        int HeightOf(int batches)
        {
            ComparisonPlots.Write(new RunComparison([.. Enumerable.Range(2, batches).Select(batch => Run(folder, new() { Batch = batch, Seed = batches }, 0.5))]), folder.File("plots"));
            using var picture = SkiaSharp.SKBitmap.Decode(folder.File("plots/curves.png"));
            return picture.Height;
        }
        Assert.Equal(420, HeightOf(3));
        Assert.InRange(HeightOf(40), 500, 900);
    }

    [Fact]
    public void A_long_curve_is_thinned_to_means_and_keeps_its_length_in_epochs()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("metrics.jsonl");
        File.WriteAllLines(path, Enumerable.Range(1, 5000).Select(step => string.Create(CultureInfo.InvariantCulture,
            $$"""{"step":{{step}},"epoch":{{(step - 1) / 1000}},"loss":{{step}},"q-mean":0.5,"q-cv":0,"q-histogram":[],"alignment":0,"uniformity":0,"effective-rank":1,"positive-similarity":0,"negative-similarity":0,"feature-deviation":0}""")));
        RunCurve curve = RunCurve.Read(path);
        Assert.InRange(curve.Points.Count, 100, 200);
        Assert.All(curve.Points, p => Assert.Equal(p.Loss, 1000 * p.Epoch, 6)); // both are means over the same steps
        Assert.InRange(curve.Points[^1].Epoch, 4.9, 5);
        Assert.Equal(4500.5, curve.LastLoss);
    }

    [Fact]
    public void A_folder_of_runs_names_them_all_and_an_empty_one_is_refused()
    {
        using var folder = new TemporaryFolder();
        RunSummary run = Run(folder, new(), null);
        Assert.Equal([run.Folder.Path], RunSummary.Find(folder.Path));
        Assert.Equal([run.Folder.Path], RunSummary.Find(run.Folder.Path));
        Assert.Contains("neither a run folder nor a folder of them", Assert.Throws<InvalidInputException>(() => RunSummary.Find(folder.File("nothing"))).Message, StringComparison.Ordinal);
    }
}
