using Diptych.Checkpoints;
using Diptych.Data;
using Diptych.Methods;
using Diptych.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Tests.Training;

/// <summary>What a GPU does to a run, on machines without one: the order of its work, done on the CPU.</summary>
public sealed class DevicePathTests
{
    private static readonly Placement Ahead = new(CPU, IsAsynchronous: true);
    private static readonly PretrainOptions Small = new() { Images = "tiles", Views = "satellite", ImageSize = 16, Width = 4, Batch = 4, Epochs = 3, Threads = 1, CheckpointEvery = 13, Device = "cpu" };

    private static ImageSubset Tiles(int count) => new(ImageSource.Open(Repository.Sample("test.tar")), Enumerable.Range(0, count).Select(i => i * 7), ownsSource: true);

    public static TheoryData<string> Settings() => [.. Variants.Keys];

    private static readonly Dictionary<string, Func<PretrainOptions, PretrainOptions>> Variants = new()
    {
        ["simclr"] = o => o,
        ["simclr, dclw, bfloat16"] = o => o with { Loss = "dclw", Precision = "bfloat16" },
        ["moco, adamw"] = o => o with { Method = "moco", Queue = 21, Optimizer = "adamw" },
        ["nnclr, lars"] = o => o with { Method = "nnclr", SupportSet = 50, Optimizer = "lars" },
        ["chunks and several batches"] = o => o with { Batch = 8, Chunk = 4, Accumulate = 2, Epochs = 6 },
        ["labels"] = o => o with { Batch = 20, Supervised = true, Epochs = 9 },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void Looking_at_steps_later_changes_no_bit(string settings)
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(92);
        PretrainOptions options = Variants[settings](Small);
        RunFolder now = RunFolder.Create(folder.File("now"), options), later = RunFolder.Create(folder.File("later"), options);
        Assert.True(new Pretraining(options, tiles, now, new Observer()).Run(false, CancellationToken.None));
        Assert.True(new Pretraining(options, tiles, later, new Observer()) { Placement = Ahead }.Run(false, CancellationToken.None));
        Assert.Equal(File.ReadAllBytes(now.EncoderPath), File.ReadAllBytes(later.EncoderPath));
        StepMetrics[] expected = [.. MetricsFile.Read(now.MetricsPath)], found = [.. MetricsFile.Read(later.MetricsPath)];
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), AssertSame);
        // The effective rank of the last step before a look stands for those before it.
        Assert.Equal(expected[^1].EffectiveRank, found[^1].EffectiveRank, 1e-6);
        Assert.True(found.Select(step => step.EffectiveRank).Distinct().Count() < expected.Length);
        Assert.All(found, step => Assert.Contains(expected, e => Math.Abs(e.EffectiveRank - step.EffectiveRank) < 1e-6));
    }

    [Fact]
    public void A_clipped_gradient_agrees_to_rounding()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(92);
        PretrainOptions options = Small with { ClipGradient = 0.5, Epochs = 1 };
        RunFolder now = RunFolder.Create(folder.File("now"), options), later = RunFolder.Create(folder.File("later"), options);
        Assert.True(new Pretraining(options, tiles, now, new Observer()).Run(false, CancellationToken.None));
        Assert.True(new Pretraining(options, tiles, later, new Observer()) { Placement = Ahead }.Run(false, CancellationToken.None));
        StepMetrics[] expected = [.. MetricsFile.Read(now.MetricsPath)], found = [.. MetricsFile.Read(later.MetricsPath)];
        Assert.All(expected, step => Assert.True(step.GradientNorm > 0.5));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-2)); // each step adds roundings to the weights
        Assert.Equal(expected[0].GradientNorm, found[0].GradientNorm, 1e-4 * expected[0].GradientNorm);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(13)]
    [InlineData(30)]
    public void Stopped_between_two_looks_a_run_ends_with_the_same_bits_and_every_line(int stopAfter)
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(92);
        RunFolder whole = RunFolder.Create(folder.File("whole"), Small), halted = RunFolder.Create(folder.File("halted"), Small);
        Assert.True(new Pretraining(Small, tiles, whole, new Observer()) { Placement = Ahead }.Run(false, CancellationToken.None));
        using var stop = new CancellationTokenSource();
        int calls = 0; // the measurement is a moment between two looks
        Assert.False(new Pretraining(Small with { EvaluateEvery = 1 }, tiles, halted, new Observer(step => { if (step.Step >= stopAfter) stop.Cancel(); }), _ => calls++) { Placement = Ahead }.Run(false, stop.Token));
        int reached = halted.Checkpoints.List()[0].Step;
        Assert.InRange(reached, stopAfter, stopAfter + 20);
        Assert.Equal(Enumerable.Range(1, reached), MetricsFile.Read(halted.MetricsPath).Select(step => step.Step));
        File.AppendAllText(halted.MetricsPath, "{\"step\":99}\n{\"st");
        Assert.True(new Pretraining(Small, tiles, halted, new Observer()) { Placement = Ahead }.Run(true, CancellationToken.None));
        Assert.Equal(File.ReadAllBytes(whole.EncoderPath), File.ReadAllBytes(halted.EncoderPath));
        StepMetrics[] expected = [.. MetricsFile.Read(whole.MetricsPath)], found = [.. MetricsFile.Read(halted.MetricsPath)];
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), AssertSame);
    }

    [Fact]
    public void A_step_that_diverged_is_named_at_the_next_look_and_no_checkpoint_holds_it()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(92);
        PretrainOptions options = Small with { LearningRate = 1e30, WarmupEpochs = 0, CheckpointEvery = 3, Optimizer = "sgd", KeepLast = 99 };
        RunFolder run = RunFolder.Create(folder.File("run"), options);
        string message = Assert.Throws<InvalidInputException>(() => new Pretraining(options, tiles, run, new Observer()) { Placement = Ahead }.Run(false, CancellationToken.None)).Message;
        Assert.StartsWith("Training cannot go on at step ", message, StringComparison.Ordinal);
        int failed = int.Parse(message.Split(' ')[6].TrimEnd(':'), System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(Enumerable.Range(1, failed - 1), MetricsFile.Read(run.MetricsPath).Select(step => step.Step)); // those before it are told
        foreach (var (_, path) in run.Checkpoints.List())
        {
            using var scope = NewDisposeScope();
            Assert.All(SafetensorsFile.Read(Path.Combine(path, "state.safetensors")).Tensors.Values.Where(t => t.is_floating_point()), t => Assert.True(t.isfinite().all().item<bool>()));
        }
    }

    [Theory]
    [Trait(Gpu.Trait, Gpu.Name)]
    [MemberData(nameof(Settings))]
    public void On_a_GPU_a_run_starts_as_on_the_CPU_and_goes_on_on_either(string settings)
    {
        Gpu.OrSkip();
        using IDisposable exact = Gpu.WithoutRounding();
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(92);
        PretrainOptions options = Variants[settings](Small);
        RunFolder here = RunFolder.Create(folder.File("here"), options), there = RunFolder.Create(folder.File("there"), options with { Device = "cuda" });
        Assert.True(new Pretraining(options, tiles, here, new Observer()).Run(false, CancellationToken.None));
        using var stop = new CancellationTokenSource();
        Assert.False(new Pretraining(options with { Device = "cuda", EvaluateEvery = 1 }, tiles, there, new Observer(step => { if (step.Step >= 5) stop.Cancel(); }), _ => 0).Run(false, stop.Token));
        int reached = there.Checkpoints.List()[0].Step;
        StepMetrics[] expected = [.. MetricsFile.Read(here.MetricsPath)], found = [.. MetricsFile.Read(there.MetricsPath)];
        Assert.Equal(Enumerable.Range(1, reached), found.Select(step => step.Step));
        double tolerance = options.Precision == "bfloat16" ? 0.05 : 1e-3;
        // A rounding is in each weight after the first step, and a bfloat16 keeps three digits.
        foreach (var (a, b) in expected.Zip(found).Take(options.Precision == "bfloat16" ? 1 : 2))
        {
            Assert.Equal(a.Loss, b.Loss, tolerance);
            Assert.Equal(a.QMean, b.QMean, tolerance);
            Assert.Equal(a.Uniformity, b.Uniformity, 2 * tolerance);
            Assert.Equal(a.QHistogram, b.QHistogram, (x, y) => Math.Abs(x - y) <= 0.2);
            Assert.InRange(b.GradientNorm / a.GradientNorm, 1 - 4 * tolerance, 1 + 4 * tolerance);
        }
        // The checkpoint is of no device.
        Assert.True(new Pretraining(options with { Device = "cuda" }, tiles, there, new Observer()).Run(true, CancellationToken.None));
        Assert.Equal(expected.Select(step => (step.Step, step.LearningRate)), MetricsFile.Read(there.MetricsPath).Select(step => (step.Step, step.LearningRate)));
        Assert.All(MetricsFile.Read(there.MetricsPath), step => Assert.True(double.IsFinite(step.Loss)));
    }

    [Fact]
    [Trait(Gpu.Trait, Gpu.Name)]
    public void On_a_GPU_a_step_that_diverged_is_named()
    {
        Gpu.OrSkip();
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(92);
        PretrainOptions options = Small with { LearningRate = 1e30, WarmupEpochs = 0, Optimizer = "sgd", Device = "cuda" };
        RunFolder run = RunFolder.Create(folder.File("run"), options);
        Assert.StartsWith("Training cannot go on at step ", Assert.Throws<InvalidInputException>(() => new Pretraining(options, tiles, run, new Observer()).Run(false, CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait(Gpu.Trait, Gpu.Name)]
    public void On_a_GPU_precision_is_chosen_by_its_own_speed()
    {
        Gpu.OrSkip();
        var (options, why) = KnownPrecision.Choose(new PretrainOptions { Images = "tiles", Views = "satellite", ImageSize = 32, Precision = "auto", Device = "cuda" });
        Assert.Contains(options.Precision, KnownPrecision.Names);
        Assert.Contains("views through the encoder and back take", why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ring_keeps_its_counters_on_the_CPU()
    {
        using var scope = NewDisposeScope();
        using EmbeddingRing ring = new EmbeddingRing("queue", 7, 4).to(META);
        ring.Add(empty([3, 4], device: META), [1, 2, 3]);
        ring.Add(empty([6, 4], device: META), [4, 5, 6, 7, 8, 9]);
        Assert.Equal((7, 2), (ring.Count, ring.Next));
        Assert.Equal([8, 9, 3, 4, 5, 6, 7], ring.Images());
        Assert.Equal(DeviceType.META, ring.Filled().device_type); // a device whose tensors nobody can read
    }

    // The same numbers, added in another order where several steps are looked at together.
    private static void AssertSame((StepMetrics Expected, StepMetrics Found) pair)
    {
        double[] expected = Figures(pair.Expected), found = Figures(pair.Found);
        Assert.Equal(expected, found, (a, b) => Math.Abs(a - b) <= 1e-5 * Math.Max(1, Math.Abs(a)));
        Assert.Equal(pair.Expected.GradientNorm, pair.Found.GradientNorm, 1e-4 * pair.Expected.GradientNorm);

        static double[] Figures(StepMetrics step) =>
        [
            step.Step, step.Epoch, step.Loss, step.QMean, step.QVariation, .. step.QHistogram, step.Alignment, step.Uniformity, step.PositiveSimilarity,
            step.NegativeSimilarity, step.FeatureDeviation, step.LearningRate, step.Temperature,
        ];
    }
}
