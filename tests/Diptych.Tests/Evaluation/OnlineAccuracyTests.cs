using System.Text.Json;
using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Models;
using Diptych.Tests.Training;
using Diptych.Training;
using static TorchSharp.torch;

namespace Diptych.Tests.Evaluation;

public sealed class OnlineAccuracyTests
{
    private static readonly PretrainOptions Small = new() { Images = "tiles", Views = "satellite", ImageSize = 16, Width = 4, Encoder = "resnet10", Batch = 20, Epochs = 4, Threads = 1, EvaluateEvery = 2, CheckpointEvery = 3 };

    private static ImageSubset Tiles()
    {
        IImageSource all = ImageSource.Open(Repository.Sample("test.tar"));
        return new(all, Enumerable.Range(0, 200).Select(i => i * (all.Count / 200)), ownsSource: true);
    }

    [Fact]
    public void Measuring_changes_no_bit_and_a_resumed_run_finds_the_same()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles();
        using var accuracy = new OnlineAccuracy(tiles, Small.CreateViewRecipe(), every: 2, seed: 1);
        RunFolder measured = RunFolder.Create(folder.File("measured"), Small), plain = RunFolder.Create(folder.File("plain"), Small), halted = RunFolder.Create(folder.File("halted"), Small);
        Assert.True(new Pretraining(Small, tiles, measured, new Observer(), accuracy.Measure).Run(false, CancellationToken.None));
        Assert.True(new Pretraining(Small with { EvaluateEvery = null }, tiles, plain, new Observer()).Run(false, CancellationToken.None));
        using var stop = new CancellationTokenSource();
        Assert.False(new Pretraining(Small, tiles, halted, new Observer(step => { if (step.Step == 17) stop.Cancel(); }), accuracy.Measure).Run(false, stop.Token));
        Directory.Delete(halted.Checkpoints.List()[0].Path, recursive: true); // back to a step before one that was measured
        File.AppendAllText(halted.MetricsPath, "{\"st");
        using var again = new OnlineAccuracy(tiles, Small.CreateViewRecipe(), every: 2, seed: 1);
        Assert.True(new Pretraining(Small, tiles, halted, new Observer(), again.Measure).Run(true, CancellationToken.None));

        Assert.Equal(File.ReadAllBytes(plain.EncoderPath), File.ReadAllBytes(measured.EncoderPath));
        Assert.Equal(File.ReadAllBytes(plain.EncoderPath), File.ReadAllBytes(halted.EncoderPath));
        Assert.Equal([20, 40], Measured(measured).Select(m => m.Step));
        Assert.Equal(Measured(measured), Measured(halted));
        Assert.Empty(Measured(plain));
        Assert.All(Measured(measured), m => Assert.InRange(m.Accuracy, 0.05, 1));
    }

    [Fact]
    public void The_encoder_stays_in_its_mode_and_keeps_its_statistics()
    {
        using var scope = NewDisposeScope();
        using ImageSubset tiles = Tiles();
        using ResNet encoder = Small.CreateEncoder();
        encoder.train();
        var before = encoder.state_dict().ToDictionary(t => t.Key, t => t.Value.clone());
        using var accuracy = new OnlineAccuracy(tiles, Small.CreateViewRecipe(), every: 1, seed: 1);
        Assert.Equal(40, accuracy.Count);
        double first = accuracy.Measure(encoder);
        Assert.Equal(first, accuracy.Measure(encoder));
        Assert.True(encoder.training);
        Assert.All(encoder.state_dict(), t => Assert.True(t.Value.equal(before[t.Key]).all().item<bool>(), t.Key));
    }

    [Fact]
    public void Sets_without_enough_labels_are_refused()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("flat"));
        foreach (int i in Enumerable.Range(0, 9))
            File.WriteAllBytes(folder.File($"flat/{i}.png"), new Data.Picture(i).Png());
        using IImageSource flat = ImageSource.Open(folder.File("flat"));
        Assert.Contains("--evaluate-every needs labels, but ", Assert.Throws<InvalidInputException>(() => new OnlineAccuracy(flat, Small.CreateViewRecipe(), 1, 1)).Message, StringComparison.Ordinal);
        using ImageSubset tiles = Tiles();
        using var three = new ImageSubset(tiles, [0, 1, 199]);
        Assert.Contains("needs several labelled images a class", Assert.Throws<InvalidInputException>(() => new OnlineAccuracy(three, Small.CreateViewRecipe(), 1, 1)).Message, StringComparison.Ordinal);
    }

    private static (int Step, double Accuracy)[] Measured(RunFolder run) => File.ReadLines(run.MetricsPath).Select(line => JsonDocument.Parse(line).RootElement)
        .Where(step => step.TryGetProperty("online-accuracy", out _)).Select(step => (step.GetProperty("step").GetInt32(), step.GetProperty("online-accuracy").GetDouble())).ToArray();
}
