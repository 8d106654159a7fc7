using Diptych.Checkpoints;
using Diptych.Data;
using Diptych.Models;
using Diptych.Training;
using static TorchSharp.torch;

namespace Diptych.Tests.Training;

public sealed class StartingWeightsTests
{
    private static readonly Dictionary<string, string> NoText = [];

    [Fact]
    public void Matched_missing_and_unexpected_names_and_other_shapes_are_listed()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var there = new ResNet(new EncoderSettings { Name = "resnet10", Width = 4 }, seed: 1);
        using var here = new ResNet(new EncoderSettings { Name = "resnet10", Width = 4 }, seed: 2);
        var tensors = there.state_dict();
        tensors.Remove("layer2.0.conv1.weight");
        tensors["bn1.weight"] = ones(5);
        tensors["fc.weight"] = ones(10, 32);
        SafetensorsFile.Write(folder.File("w.safetensors"), tensors.Select(t => (t.Key, t.Value)), NoText);
        Tensor kept = here.state_dict()["layer2.0.conv1.weight"].clone();

        string[] lines = StartingWeights.Load(here, folder.File("w.safetensors")).ToArray();
        int all = here.state_dict().Count;
        Assert.Equal(
            [
                $"Weights from {folder.File("w.safetensors")}: {all - 2} of {all} tensors match.",
                "Missing there: layer2.0.conv1.weight.",
                "Unexpected there: fc.weight.",
                "Other shapes: bn1.weight [5] there, [4] here.",
            ], lines);
        Assert.True(here.state_dict()["conv1.weight"].equal(there.state_dict()["conv1.weight"]).all().item<bool>());
        Assert.True(here.state_dict()["layer2.0.conv1.weight"].equal(kept).all().item<bool>());
    }

    [Fact]
    public void Weights_of_which_none_fits_are_refused_with_names_of_both()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        SafetensorsFile.Write(folder.File("w.safetensors"), [("patch_embed.weight", ones(3, 3)), ("bn1.num_batches_tracked", tensor(5L))], NoText);
        using var encoder = new ResNet(new EncoderSettings { Width = 4 });
        string message = Assert.Throws<InvalidInputException>(() => StartingWeights.Load(encoder, folder.File("w.safetensors"))).Message;
        Assert.Contains("None of the 2 tensors", message, StringComparison.Ordinal);
        Assert.Contains("patch_embed.weight [3, 3]", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_and_its_momentum_encoder_start_from_the_weights_of_another()
    {
        using var folder = new TemporaryFolder();
        using var tiles = new ImageSubset(ImageSource.Open(Repository.Sample("test.tar")), [1, 2, 3, 4], ownsSource: true);
        using var scope = NewDisposeScope();
        using var start = new ResNet(new EncoderSettings { Name = "resnet10", Width = 4 }, seed: 77);
        EncoderFile.Write(folder.File("start.safetensors"), start, Diptych.Views.ViewRecipe.Named("cifar"));
        // A rate this small leaves float32 weights as they are; batch-norm statistics move.
        var options = new PretrainOptions { Images = "tiles", Method = "moco", Encoder = "resnet10", ImageSize = 8, Width = 4, Batch = 2, Epochs = 1, Threads = 1, LearningRate = 1e-30, Weights = folder.File("start.safetensors") };
        RunFolder run = RunFolder.Create(folder.File("run"), options);
        new Pretraining(options, tiles, run, new Observer()).Run(false, CancellationToken.None);
        var state = SafetensorsFile.Read(Path.Combine(run.Checkpoints.List()[0].Path, "state.safetensors")).Tensors;
        foreach (string network in new[] { "encoder.", "momentum-encoder." })
            Assert.True(state[network + "layer1.0.conv2.weight"].allclose(start.state_dict()["layer1.0.conv2.weight"]), network);
        Assert.Contains("tensors match", File.ReadAllText(run.LogPath), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_goes_on_does_not_need_them_again()
    {
        using var folder = new TemporaryFolder();
        using var tiles = new ImageSubset(ImageSource.Open(Repository.Sample("test.tar")), [1, 2, 3, 4], ownsSource: true);
        string weights = folder.File("start.safetensors");
        using (var start = new ResNet(new EncoderSettings { Name = "resnet10", Width = 4 }, seed: 77))
            EncoderFile.Write(weights, start, Diptych.Views.ViewRecipe.Named("cifar"));
        var options = new PretrainOptions { Images = "tiles", Encoder = "resnet10", ImageSize = 8, Width = 4, Batch = 2, Epochs = 1, Threads = 1, Weights = weights };
        RunFolder run = RunFolder.Create(folder.File("run"), options);
        Assert.False(new Pretraining(options, tiles, run, new Observer()).Run(false, new CancellationToken(canceled: true)));
        File.Delete(weights);
        Assert.True(new Pretraining(options, tiles, run, new Observer()).Run(true, CancellationToken.None));
    }
}
