using Diptych.Data;
using Diptych.Models;
using Diptych.Training;
using static TorchSharp.torch;

namespace Diptych.Tests.Training;

public sealed class TrainedProjectorTests
{
    [Theory]
    [InlineData("simclr")]
    [InlineData("moco")]
    [InlineData("nnclr")]
    public void Has_the_weights_of_the_newest_checkpoint(string method)
    {
        using var folder = new TemporaryFolder();
        using var tiles = new ImageSubset(ImageSource.Open(Repository.Sample("test.tar")), Enumerable.Range(0, 16), ownsSource: true);
        var options = new PretrainOptions { Images = "x", Method = method, Views = "satellite", ImageSize = 8, Width = 4, Batch = 8, Epochs = 1, Threads = 1 };
        RunFolder run = RunFolder.Create(folder.File("run"), options);
        Assert.Contains("no whole checkpoint", Assert.Throws<InvalidInputException>(() => TrainedProjector.Read(run)).Message, StringComparison.Ordinal);
        new Pretraining(options, tiles, run, new Observer()).Run(resume: false, CancellationToken.None);
        Dictionary<string, Tensor> saved = run.Checkpoints.ReadNewest([])!.Value.Tensors;
        using Projector projector = TrainedProjector.Read(run);
        Assert.False(projector.training);
        Assert.NotEmpty(projector.state_dict());
        foreach (var (name, tensor) in projector.state_dict())
            Assert.True(tensor.equal(saved["projector." + name]).all().item<bool>(), name);
    }
}
