using Diptych.Data;
using Diptych.Losses;
using Diptych.Training;
using static TorchSharp.torch;

namespace Diptych.Tests.Training;

public sealed class TelemetryTests
{
    private static readonly StepMetrics Healthy = new()
    {
        Loss = 1, QMean = 0.5, QVariation = 0.1, QHistogram = [1, 0], Alignment = 1, Uniformity = -2, EffectiveRank = 30,
        PositiveSimilarity = 0.5, NegativeSimilarity = 0, FeatureDeviation = 0.5,
    };

    [Fact]
    public void Feature_deviation_is_that_of_plain_loops()
    {
        using var scope = NewDisposeScope();
        Tensor features = randn(7, 5).abs();
        double[][] rows = Enumerable.Range(0, 7).Select(i => features[i].to(ScalarType.Float64).data<double>().ToArray()).ToArray();
        foreach (double[] row in rows)
        {
            double length = Math.Sqrt(row.Sum(v => v * v));
            for (int j = 0; j < row.Length; j++)
                row[j] /= length;
        }
        double expected = Enumerable.Range(0, 5).Average(j => Math.Sqrt(rows.Average(r => Math.Pow(r[j] - rows.Average(o => o[j]), 2)))) * Math.Sqrt(5);
        Assert.Equal(expected, BatchFigures.FeatureDeviation(features), 1e-6);
        Assert.Equal(0, BatchFigures.FeatureDeviation(ones(4, 3)), 1e-6);
        Assert.Equal(1, BatchFigures.FeatureDeviation(randn(4000, 64)), 0.02);
    }

    [Fact]
    public void The_histogram_counts_every_value_once() =>
        Assert.Equal([0.2, 0, 0, 0.2, 0, 0, 0, 0, 0, 0.6], ContrastiveDiagnostics.SharesOf(ContrastiveDiagnostics.HistogramOf(tensor(new[] { 0f, 0.35f, 0.95f, 0.9999f, 1f }).unsqueeze(0)).data<long>().ToArray()), (a, b) => Math.Abs(a - b) < 1e-12);

    [Theory]
    [InlineData(1.2, 0.5)]
    [InlineData(30, 0.001)]
    public void Collapse_is_named_once_after_twenty_steps_on_end(double rank, double deviation)
    {
        var watch = new CollapseWatch();
        StepMetrics collapsed = Healthy with { EffectiveRank = rank, FeatureDeviation = deviation };
        for (int i = 0; i < 19; i++)
            Assert.Null(watch.See(collapsed));
        Assert.Null(watch.See(Healthy)); // it recovered
        for (int i = 0; i < 19; i++)
            Assert.Null(watch.See(collapsed));
        Assert.StartsWith("Collapse: for 20 steps up to step 77 ", watch.See(collapsed with { Step = 77 }), StringComparison.Ordinal);
        Assert.Null(watch.See(collapsed));
    }

    [Fact]
    public void A_rank_that_is_measured_now_and_then_counts_for_the_steps_after_it_only()
    {
        var watch = new CollapseWatch();
        StepMetrics collapsed = Healthy with { EffectiveRank = 1.2 }, between = Healthy with { EffectiveRank = double.NaN };
        for (int i = 0; i < 19; i++)
            Assert.Null(watch.See(between));
        Assert.Null(watch.See(collapsed));
        for (int i = 0; i < 18; i++)
            Assert.Null(watch.See(between));
        Assert.Contains("effective rank 1.20", watch.See(between), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_on_images_that_cannot_be_told_apart_names_its_collapse_and_one_on_tiles_does_not()
    {
        using var folder = new TemporaryFolder();
        using var black = new BlackImages(16);
        using var tiles = new ImageSubset(ImageSource.Open(Repository.Sample("test.tar")), Enumerable.Range(0, 16).Select(i => i * 50), ownsSource: true);
        var options = new PretrainOptions { Images = "x", Method = "moco", Views = "satellite", ImageSize = 8, Width = 4, Batch = 8, Queue = 8, Epochs = 12, Threads = 1 };
        Assert.Contains("Collapse: for 20 steps up to step 20 ", Log(options, black, folder.File("black")), StringComparison.Ordinal);
        string log = Log(options, tiles, folder.File("tiles"));
        Assert.DoesNotContain("Collapse", log, StringComparison.Ordinal);
        Assert.Contains("may become negative", log, StringComparison.Ordinal);
        Assert.Contains("MoCo's loss may rise", log, StringComparison.Ordinal);
    }

    private static string Log(PretrainOptions options, IImageSource source, string path)
    {
        RunFolder run = RunFolder.Create(path, options);
        new Pretraining(options, source, run, new Observer()).Run(false, CancellationToken.None);
        return File.ReadAllText(run.LogPath);
    }

    private sealed class BlackImages(int count) : IImageSource
    {
        public string Description => "black images";

        public int Count => count;

        public IReadOnlyList<string>? LabelNames => null;

        public string GetName(int index) => $"{index}";

        public int GetLabel(int index) => -1;

        public void Decode(int index, ImageBuffer destination)
        {
            destination.Resize(8, 8);
            destination.Pixels.Clear();
        }

        public void Dispose() { }
    }

    [Fact]
    public void A_checkpoint_that_found_no_room_stays_wanted_while_lines_do()
    {
        using var folder = new TemporaryFolder();
        RunFolder run = RunFolder.Create(folder.File("run"), new PretrainOptions { Images = "tiles" });
        File.WriteAllText(Path.Combine(run.Path, "checkpoints"), "no folder"); // refused, as by a disk that has no room for so much
        using var record = new RunRecord(run, new Observer(), "", 0);
        Assert.False(record.TryCheckpoint(1, () => [], 2, null));
        record.Add(Healthy with { Step = 2 });
        Assert.True(record.IsBehind);
        File.Delete(Path.Combine(run.Path, "checkpoints"));
        Assert.True(record.TryCheckpoint(10, () => [("x", ones(1))], 2, null));
        Assert.False(record.IsBehind);
    }
}
