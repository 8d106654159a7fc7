using System.Formats.Tar;
using System.Text.Json;
using Diptych.Data;
using Diptych.Training;
using Diptych.Views;

namespace Diptych.Tests.Training;

public sealed class PretrainingTests
{
    private static readonly PretrainOptions Small = new() { Images = "tiles", Views = "satellite", ImageSize = 16, Width = 4, Batch = 8, Epochs = 3, Threads = 1, CheckpointEvery = 4 };

    private static ImageSubset Tiles(int count) => new(ImageSource.Open(Repository.Sample("test.tar")), Enumerable.Range(0, count).Select(i => i * 7), ownsSource: true);

    [Theory]
    [InlineData("simclr", "dcl", 5)]
    [InlineData("simclr", "infonce", 8)]
    [InlineData("simclr", "dclw", 11)]
    [InlineData("moco", "dcl", 6)]
    [InlineData("moco", "infonce", 9)]
    [InlineData("nnclr", "dcl", 3)]
    [InlineData("nnclr", "dclw", 10)]
    public void Resumes_to_the_same_bits_as_an_uninterrupted_run(string method, string loss, int stopAfter)
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(43);
        PretrainOptions options = Small with { Method = method, Loss = loss, Queue = 21, SupportSet = 50 }; // the second never fills
        RunFolder whole = RunFolder.Create(folder.File("whole"), options), halted = RunFolder.Create(folder.File("halted"), options);
        Assert.True(new Pretraining(options, tiles, whole, new Observer()).Run(false, CancellationToken.None));

        using var stop = new CancellationTokenSource();
        Assert.False(new Pretraining(options, tiles, halted, new Observer(step => { if (step.Step == stopAfter) stop.Cancel(); })).Run(false, stop.Token));
        Assert.False(File.Exists(halted.EncoderPath));
        File.AppendAllText(halted.MetricsPath, "{\"step\":99}\n{\"st"); // lines beyond the checkpoint, the last one torn
        Assert.True(new Pretraining(options with { Workers = 3 }, tiles, halted, new Observer()).Run(true, CancellationToken.None));

        Assert.Equal(File.ReadAllBytes(whole.EncoderPath), File.ReadAllBytes(halted.EncoderPath));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Checkpoints.List()[0].Path, "state.safetensors")), File.ReadAllBytes(Path.Combine(halted.Checkpoints.List()[0].Path, "state.safetensors")));
        Assert.Equal(Losses(whole), Losses(halted));
        Assert.Equal(15, Losses(whole).Length);
    }

    [Theory]
    [InlineData("adamw", 1, null, null)]
    [InlineData("lars", 2, null, 1.0)]
    [InlineData("sgd", 2, 4, null)]
    [InlineData("sgd", 1, null, null, "bfloat16")]
    public void Resumes_alike_with_every_optimizer_and_with_steps_of_several_batches(string optimizer, int accumulate, int? chunk, double? clip, string precision = "float32")
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(43);
        PretrainOptions options = Small with { Optimizer = optimizer, Accumulate = accumulate, Chunk = chunk, ClipGradient = clip, TemperatureEnd = 0.3, Nesterov = optimizer == "sgd", Precision = precision };
        RunFolder whole = RunFolder.Create(folder.File("whole"), options), halted = RunFolder.Create(folder.File("halted"), options);
        Assert.True(new Pretraining(options, tiles, whole, new Observer()).Run(false, CancellationToken.None));
        using var stop = new CancellationTokenSource();
        Assert.False(new Pretraining(options, tiles, halted, new Observer(step => { if (step.Step == 5) stop.Cancel(); })).Run(false, stop.Token));
        Assert.True(new Pretraining(options, tiles, halted, new Observer()).Run(true, CancellationToken.None));
        Assert.Equal(File.ReadAllBytes(whole.EncoderPath), File.ReadAllBytes(halted.EncoderPath));
        Assert.Equal(Losses(whole), Losses(halted));
        Assert.Equal(accumulate == 1 ? 15 : 6, Losses(whole).Length);
    }

    [Theory]
    [InlineData("part-{0..1}.tar")]
    [InlineData("tiles.pack")]
    public void Resumes_alike_from_shards_and_from_a_packed_file(string stored)
    {
        using var folder = new TemporaryFolder();
        using (ImageSubset tiles = Tiles(43))
            ImagePacking.Write(tiles, folder.File("tiles.pack"), new(), cancellation: TestContext.Current.CancellationToken);
        using (var reader = new TarReader(File.OpenRead(Repository.Sample("test.tar"))))
        using (TarWriter first = new(File.Create(folder.File("part-0.tar"))), second = new(File.Create(folder.File("part-1.tar"))))
        {
            for (int i = 0; i < 43; i++)
                (i < 30 ? first : second).WriteEntry(reader.GetNextEntry()!);
        }
        PretrainOptions options = Small with { Images = folder.File(stored), Epochs = 2 };
        RunFolder whole = RunFolder.Create(folder.File("whole"), options), halted = RunFolder.Create(folder.File("halted"), options);
        bool Train(RunFolder run, bool isResumed, int stopAfter)
        {
            using IImageSource source = ImageSource.Open(options.Images);
            using var stop = new CancellationTokenSource();
            return new Pretraining(options, source, run, new Observer(step => { if (step.Step == stopAfter) stop.Cancel(); })).Run(isResumed, stop.Token);
        }
        Assert.True(Train(whole, isResumed: false, stopAfter: 99));
        Assert.False(Train(halted, isResumed: false, stopAfter: 7));
        Assert.True(Train(halted, isResumed: true, stopAfter: 99));
        Assert.Equal(File.ReadAllBytes(whole.EncoderPath), File.ReadAllBytes(halted.EncoderPath));
        Assert.Equal(Losses(whole), Losses(halted));
    }

    [Fact]
    public void A_run_that_began_in_a_folder_meanwhile_is_not_trained_over()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(40);
        RunFolder first = RunFolder.Create(folder.File("run"), Small), second = RunFolder.Create(folder.File("run"), Small with { Seed = 2 });
        Assert.Contains("--seed is 1 here and 2 there", Assert.Throws<InvalidInputException>(() => new Pretraining(Small, tiles, first, new Observer()).Run(false, CancellationToken.None)).Message, StringComparison.Ordinal);
        Assert.True(new Pretraining(Small with { Seed = 2 }, tiles, second, new Observer()).Run(false, CancellationToken.None));
        Assert.Contains("holds checkpoints already", Assert.Throws<InvalidInputException>(() => new Pretraining(Small with { Seed = 2 }, tiles, second, new Observer()).Run(false, CancellationToken.None)).Message, StringComparison.Ordinal);
        Assert.Contains("--loss is infonce here and dcl there", Assert.Throws<InvalidInputException>(() => new Pretraining(Small with { Seed = 2, Loss = "infonce" }, tiles, second, new Observer()).Run(true, CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_settings_say_and_nobody_does_is_refused()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(40);
        RunFolder run = RunFolder.Create(folder.File("run"), Small);
        Assert.Contains("nothing is given that measures", Assert.Throws<InvalidInputException>(() => new Pretraining(Small with { EvaluateEvery = 1 }, tiles, run, new Observer())).Message, StringComparison.Ordinal);
        using IImageSource turned = ImageSource.Open(Repository.Sample("test.tar"), appliesOrientation: true);
        Assert.Contains("Set ExifOrientation", Assert.Throws<InvalidInputException>(() => new Pretraining(Small, turned, run, new Observer())).Message, StringComparison.Ordinal);
        _ = new Pretraining(Small with { ExifOrientation = true }, turned, run, new Observer());
    }

    [Fact]
    public void The_programs_threads_are_as_before_behind_a_run()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(40);
        int before = TorchSharp.torch.get_num_threads();
        try
        {
            TorchSharp.torch.set_num_threads(3);
            Assert.True(new Pretraining(Small with { Threads = 1 }, tiles, RunFolder.Create(folder.File("run"), Small), new Observer()).Run(false, CancellationToken.None));
            Assert.Equal(3, TorchSharp.torch.get_num_threads());
        }
        finally
        {
            TorchSharp.torch.set_num_threads(before);
        }
    }

    [Fact]
    public void A_run_whose_images_moved_says_where_they_are()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(40);
        PretrainOptions options = Small with { Images = folder.File("old"), Epochs = 2 }, moved = options with { Images = folder.File("new") };
        RunFolder run = RunFolder.Create(folder.File("run"), options);
        using var stop = new CancellationTokenSource();
        Assert.False(new Pretraining(options, tiles, run, new Observer(step => { if (step.Step == 2) stop.Cancel(); })).Run(false, stop.Token));
        Directory.CreateDirectory(folder.File("old")); // others lie there now
        Assert.Contains("IMAGES is ", Assert.Throws<InvalidInputException>(() => new Pretraining(moved, tiles, run, new Observer()).Run(true, CancellationToken.None)).Message, StringComparison.Ordinal);
        Directory.Delete(folder.File("old"));
        Assert.True(new Pretraining(moved, tiles, run, new Observer()).Run(true, CancellationToken.None));
        Assert.Equal(folder.File("new"), run.ReadOptions().Images);
    }

    [Fact]
    public void An_image_that_is_lost_while_training_is_to_be_brought_back()
    {
        using var folder = new TemporaryFolder();
        using var source = new Views.PixelSource(20, unreadable: 7);
        RunFolder run = RunFolder.Create(folder.File("run"), Small);
        Assert.Equal(
            $"image-7 (8 of 20) is not a readable image: made so. Bring it back as it was; --resume then goes on from the last checkpoint in {run.Path}. Or start a new run without it.",
            Assert.Throws<UnreadableImageException>(() => new Pretraining(Small, source, run, new Observer()).Run(false, CancellationToken.None)).Message);
    }

    [Fact]
    public void Learns_from_labels_when_asked_and_resumes_alike()
    {
        using var folder = new TemporaryFolder();
        IImageSource all = ImageSource.Open(Repository.Sample("test.tar"));
        using var tiles = new ImageSubset(all, Enumerable.Range(0, 60).Select(i => i * (all.Count / 60)), ownsSource: true);
        PretrainOptions options = Small with { Epochs = 2, Batch = 20, Supervised = true };
        RunFolder whole = RunFolder.Create(folder.File("whole"), options), halted = RunFolder.Create(folder.File("halted"), options), plain = RunFolder.Create(folder.File("plain"), options with { Supervised = false });
        Assert.True(new Pretraining(options, tiles, whole, new Observer()).Run(false, CancellationToken.None));
        Assert.True(new Pretraining(options with { Supervised = false }, tiles, plain, new Observer()).Run(false, CancellationToken.None));
        using var stop = new CancellationTokenSource();
        Assert.False(new Pretraining(options, tiles, halted, new Observer(step => { if (step.Step == 2) stop.Cancel(); })).Run(false, stop.Token));
        Assert.True(new Pretraining(options, tiles, halted, new Observer()).Run(true, CancellationToken.None));
        Assert.Equal(File.ReadAllBytes(whole.EncoderPath), File.ReadAllBytes(halted.EncoderPath));
        Assert.Equal(Losses(whole), Losses(halted));
        Assert.NotEqual(Losses(plain), Losses(whole));
    }

    [Fact]
    public void Learning_from_labels_needs_labels_of_several_classes()
    {
        using var folder = new TemporaryFolder();
        IImageSource all = ImageSource.Open(Repository.Sample("test.tar"));
        using var oneClass = new ImageSubset(all, Enumerable.Range(0, all.Count).Where(i => all.GetLabel(i) == 3).Take(40).Append(0), ownsSource: true);
        PretrainOptions options = Small with { Supervised = true };
        string message = Assert.Throws<InvalidInputException>(() => Pretraining.Check(options, oneClass)).Message;
        Assert.StartsWith("Of the 15 batches of 8 images, about 13 would hold one class only, whose images have no negatives: the largest class has 40 of 41 images.", message, StringComparison.Ordinal);
        Pretraining.Check(Small, oneClass);

        Directory.CreateDirectory(folder.File("flat"));
        foreach (int i in Enumerable.Range(0, 9))
            File.WriteAllBytes(folder.File($"flat/{i}.png"), new Data.Picture(i).Png());
        using IImageSource flat = ImageSource.Open(folder.File("flat"));
        Assert.Contains("has none. Put the images of each class into a folder of their own", Assert.Throws<InvalidInputException>(() => Pretraining.Check(options, flat)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Goes_on_from_the_last_whole_checkpoint_when_the_newest_is_cut_short()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(40);
        RunFolder run = RunFolder.Create(folder.File("run"), Small), whole = RunFolder.Create(folder.File("whole"), Small);
        using var stop = new CancellationTokenSource();
        Assert.False(new Pretraining(Small, tiles, run, new Observer(step => { if (step.Step == 6) stop.Cancel(); })).Run(false, stop.Token));
        string state = Path.Combine(run.Checkpoints.List()[0].Path, "state.safetensors");
        File.WriteAllBytes(state, File.ReadAllBytes(state)[..1000]);

        var observer = new Observer();
        Assert.True(new Pretraining(Small, tiles, run, observer).Run(true, CancellationToken.None));
        Assert.Equal(4, observer.FirstStep);
        Assert.Contains(observer.Messages, m => m.Contains("step-00000006 is damaged and was passed over", StringComparison.Ordinal));
        Assert.True(new Pretraining(Small, tiles, whole, new Observer()).Run(false, CancellationToken.None));
        Assert.Equal(File.ReadAllBytes(whole.EncoderPath), File.ReadAllBytes(run.EncoderPath));
    }

    [Theory]
    [InlineData("dcl")]
    [InlineData("dclw")]
    [InlineData("infonce")]
    public void Learns_to_tell_images_apart(string loss)
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(64);
        PretrainOptions options = Small with { Loss = loss, Width = 8, Batch = 32, Epochs = 60, LearningRate = 0.05 };
        var steps = new List<StepMetrics>();
        new Pretraining(options, tiles, RunFolder.Create(folder.File("run"), options), new Observer(steps.Add)).Run(false, CancellationToken.None);
        Assert.True(steps.TakeLast(10).Average(s => s.Loss) < steps.Take(10).Average(s => s.Loss) - 0.3, $"from {steps.Take(10).Average(s => s.Loss):F2} to {steps.TakeLast(10).Average(s => s.Loss):F2}");
        Assert.All(steps, s => Assert.InRange(s.QMean, 0, 1));
        double Gap(IEnumerable<StepMetrics> some) => some.Average(s => s.PositiveSimilarity - s.NegativeSimilarity);
        Assert.True(Gap(steps.TakeLast(10)) > 1.5 * Gap(steps.Take(10)), $"from {Gap(steps.Take(10)):F2} to {Gap(steps.TakeLast(10)):F2}");
    }

    [Fact]
    public void A_run_that_diverges_ends_with_what_to_do()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(40);
        PretrainOptions options = Small with { LearningRate = 1e30, Epochs = 40, WarmupEpochs = 0, Width = 8 };
        var run = new Pretraining(options, tiles, RunFolder.Create(folder.File("run"), options), new Observer());
        string message = Assert.Throws<InvalidInputException>(() => run.Run(false, CancellationToken.None)).Message;
        Assert.StartsWith("Training cannot go on at step ", message, StringComparison.Ordinal);
        Assert.Contains("Try a lower --learning-rate than 1E+30", message, StringComparison.Ordinal);

        string bundle = Assert.Single(Directory.GetDirectories(folder.File("run"), "failure-step-*"));
        Assert.Contains($"`diptych inspect {bundle}` makes the step again", message, StringComparison.Ordinal);
        FailureBundle failure = FailureBundle.Read(bundle);
        Assert.StartsWith($"Training cannot go on at step {failure.Step}: {failure.What}", message, StringComparison.Ordinal);
        Assert.Equal(8, failure.Images.Count);
        Assert.Contains(failure.Norms, n => n.Value > 1e6);
        Assert.Equal(failure.What, FailureBundle.Replay(bundle));
    }

    [Theory]
    [InlineData("moco")]
    [InlineData("nnclr")]
    public void Stopped_while_its_memory_is_filled_a_run_keeps_none_of_it(string method)
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(40);
        PretrainOptions options = Small with { Method = method };
        RunFolder whole = RunFolder.Create(folder.File("whole"), options), halted = RunFolder.Create(folder.File("halted"), options);
        Assert.True(new Pretraining(options, tiles, whole, new Observer()).Run(false, CancellationToken.None));
        Assert.False(new Pretraining(options, tiles, halted, new Observer()).Run(false, new CancellationToken(canceled: true)));
        Assert.Empty(halted.Checkpoints.List());
        Assert.True(new Pretraining(options, tiles, halted, new Observer()).Run(true, CancellationToken.None));
        Assert.Equal(File.ReadAllBytes(whole.EncoderPath), File.ReadAllBytes(halted.EncoderPath));
    }

    [Fact]
    public void The_newest_checkpoints_stay_and_those_asked_for()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(40);
        PretrainOptions options = Small with { CheckpointEvery = 2, KeepLast = 1, KeepEvery = 6 };
        RunFolder run = RunFolder.Create(folder.File("run"), options);
        Assert.True(new Pretraining(options, tiles, run, new Observer()).Run(false, CancellationToken.None));
        Assert.Equal([15, 12, 6], run.Checkpoints.List().Select(c => c.Step));
    }

    [Fact]
    public void Other_images_are_noticed_on_resume()
    {
        using var folder = new TemporaryFolder();
        RunFolder run = RunFolder.Create(folder.File("run"), Small);
        using (ImageSubset tiles = Tiles(40))
        {
            using var stop = new CancellationTokenSource();
            Assert.False(new Pretraining(Small, tiles, run, new Observer(step => { if (step.Step == 3) stop.Cancel(); })).Run(false, stop.Token));
        }
        using ImageSubset others = new(ImageSource.Open(Repository.Sample("test.tar")), Enumerable.Range(0, 40).Select(i => i * 7 + (i == 39 ? 1 : 0)), ownsSource: true);
        string message = Assert.Throws<InvalidInputException>(() => new Pretraining(Small, others, run, new Observer()).Run(true, CancellationToken.None)).Message;
        Assert.Contains("holds other images than when the run in ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_view_recipe_that_was_changed_is_noticed_on_resume()
    {
        using var folder = new TemporaryFolder();
        string own = folder.File("own.json");
        File.WriteAllText(own, """{ "size": 8, "blur-probability": 0.5, "second-view": { "blur-probability": 0.1 } }""");
        PretrainOptions options = Small with { Views = own, ImageSize = null };
        RunFolder run = RunFolder.Create(folder.File("run"), options);
        using ImageSubset tiles = Tiles(40);
        using (var stop = new CancellationTokenSource())
            Assert.False(new Pretraining(options, tiles, run, new Observer(step => { if (step.Step == 3) stop.Cancel(); })).Run(false, stop.Token));

        File.WriteAllText(own, """{ "size": 8, "blur-probability": 0.25 }""");
        string message = Assert.Throws<InvalidInputException>(() => new Pretraining(options, tiles, run, new Observer()).Run(true, CancellationToken.None)).Message;
        Assert.Contains("The views own are not what they were", message, StringComparison.Ordinal);
        Assert.Contains("blur-probability is 0.25 here and 0.5 there", message, StringComparison.Ordinal);
        Assert.Contains("second-view is none here and {\"blur-probability\":0.1", message, StringComparison.Ordinal);

        File.Copy(run.ViewRecipePath, own, overwrite: true);
        Assert.True(new Pretraining(options, tiles, run, new Observer()).Run(true, CancellationToken.None));
    }

    [Fact]
    public void A_run_folder_has_one_writer_at_a_time()
    {
        using var folder = new TemporaryFolder();
        RunFolder run = RunFolder.Create(folder.File("run"), Small);
        using (run.Lock())
        {
            string message = Assert.Throws<InvalidInputException>(() => RunFolder.Open(run.Path).Lock()).Message;
            // Before its first step a run's folder may be taken over, but not from one that is going on.
            Assert.Contains("Another process works in", Assert.Throws<InvalidInputException>(() => RunFolder.Create(run.Path, Small with { Seed = 7 })).Message, StringComparison.Ordinal);
            Assert.Equal(Small.Seed, run.ReadOptions().Seed);
            Assert.StartsWith($"Another process works in the run folder {run.Path}: it holds ", message, StringComparison.Ordinal);
        }
        run.Lock().Dispose(); // what is left of the file does not matter
    }

    [Fact]
    public void Too_few_images_are_refused_with_what_to_do()
    {
        using ImageSubset one = Tiles(1), few = Tiles(5);
        Assert.Contains("holds one image", Assert.Throws<InvalidInputException>(() => Pretraining.Check(Small, one)).Message, StringComparison.Ordinal);
        Assert.EndsWith("fewer than one batch of 8. Use --batch 5 or less, or more images.", Assert.Throws<InvalidInputException>(() => Pretraining.Check(Small, few)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_encoder_file_gives_back_the_same_encoder()
    {
        using var folder = new TemporaryFolder();
        using var encoder = new Diptych.Models.ResNet(new() { Width = 4 });
        ViewRecipe recipe = ViewRecipe.Named("satellite", 24);
        EncoderFile.Write(folder.File("e.safetensors"), encoder, recipe);
        var (read, views) = EncoderFile.Read(folder.File("e.safetensors"));
        using (read)
        {
            Assert.Equal(encoder.Settings, read.Settings);
            Assert.Equal(recipe, views);
            Assert.False(read.training);
            foreach (var (name, tensor) in encoder.state_dict())
                Assert.True(tensor.equal(read.state_dict()[name]).all().item<bool>(), name);
        }
    }

    [Fact]
    public void An_encoder_with_a_weight_that_is_no_number_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var encoder = new Diptych.Models.ResNet(new() { Width = 4 });
        using (TorchSharp.torch.no_grad())
            encoder.parameters().Last().mul_(double.NaN);
        EncoderFile.Write(folder.File("e.safetensors"), encoder, ViewRecipe.Named("satellite", 24));
        Assert.Contains("that are not finite", Assert.Throws<InvalidInputException>(() => EncoderFile.Read(folder.File("e.safetensors"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_images_than_the_batches_of_a_step_are_refused()
    {
        using ImageSubset tiles = Tiles(20);
        Assert.Contains("fewer than the 3 batches of 8 that one step takes", Assert.Throws<InvalidInputException>(() => Pretraining.Check(Small with { Accumulate = 3 }, tiles)).Message, StringComparison.Ordinal);
    }

    private static string[] Losses(RunFolder run) => File.ReadLines(run.MetricsPath).Select(line =>
    {
        using var json = JsonDocument.Parse(line);
        return string.Join(' ', new[] { "step", "epoch", "loss", "q-mean", "q-cv", "alignment", "uniformity", "learning-rate" }.Select(k => json.RootElement.GetProperty(k).GetRawText()));
    }).ToArray();
}
