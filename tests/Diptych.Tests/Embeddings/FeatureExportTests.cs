using Diptych.Data;
using Diptych.Embeddings;
using Diptych.Models;
using Diptych.Training;
using Diptych.Views;

namespace Diptych.Tests.Embeddings;

public sealed class FeatureExportTests
{
    private static readonly ViewRecipe Views = ViewRecipe.Named("satellite", 8);

    private static string Encoder(TemporaryFolder folder, int seed)
    {
        using var encoder = new ResNet(new EncoderSettings { Name = "resnet10", Width = 4 }, seed);
        string path = folder.File($"encoder-{seed}.safetensors");
        EncoderFile.Write(path, encoder, Views);
        return path;
    }

    // Ends an export after its first batches, as Ctrl-C does.
    private sealed class StopAt(int images) : IProgress<int>, IDisposable
    {
        private readonly CancellationTokenSource _stop = new();

        public CancellationToken Token => _stop.Token;

        public List<int> Seen { get; } = [];

        public void Report(int value)
        {
            Seen.Add(value);
            if (value >= images)
                _stop.Cancel();
        }

        public void Dispose() => _stop.Dispose();
    }

    [Fact]
    public void An_export_that_was_cut_goes_on_and_ends_with_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        string encoder = Encoder(folder, 1), whole = folder.File("whole.csv"), cut = folder.File("cut.csv");
        using IImageSource tiles = ImageSource.Open(Repository.Sample("test.tar"));
        Assert.True(FeatureExport.Run(encoder, tiles, whole, stop: TestContext.Current.CancellationToken));
        using (var early = new StopAt(512))
            Assert.False(FeatureExport.Run(encoder, tiles, cut, early, stop: early.Token));
        Assert.False(File.Exists(cut));
        File.AppendAllText(cut + ".draft", "torn"); // a row that a killed process did not finish
        using var rest = new StopAt(int.MaxValue);
        Assert.True(FeatureExport.Run(encoder, tiles, cut, rest, stop: rest.Token));
        Assert.Equal([768, 1000], rest.Seen);
        Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(cut));
        Assert.Equal(["cut.csv", "cut.csv.json", "encoder-1.safetensors", "whole.csv", "whole.csv.json"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void What_another_encoder_began_is_not_gone_on_with()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("f.csv");
        using IImageSource tiles = ImageSource.Open(Repository.Sample("test.tar"));
        using (var early = new StopAt(512))
            Assert.False(FeatureExport.Run(Encoder(folder, 1), tiles, path, early, stop: early.Token));
        using var other = new StopAt(256);
        Assert.False(FeatureExport.Run(Encoder(folder, 2), tiles, path, other, stop: other.Token));
        Assert.Equal([256], other.Seen);
        using IImageSource turned = ImageSource.Open(Repository.Sample("test.tar"), appliesOrientation: true);
        using var again = new StopAt(256);
        Assert.False(FeatureExport.Run(Encoder(folder, 2), turned, path, again, stop: again.Token));
        Assert.Equal([256], again.Seen); // rows of upright and of turned photographs are not mixed
    }

    [Fact]
    public void Rows_are_the_features_that_an_evaluation_sees()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("f.csv"), file = Encoder(folder, 1);
        using IImageSource all = ImageSource.Open(Repository.Sample("test.tar"));
        using var few = new ImageSubset(all, [3, 500, 999]);
        Assert.True(FeatureExport.Run(file, few, path, stop: TestContext.Current.CancellationToken));
        var (encoder, views) = EncoderFile.Read(file);
        using (encoder)
        using (TorchSharp.torch.Tensor features = Diptych.Evaluation.FeatureExtractor.Extract(encoder, few, views))
            Assert.Equal(features.data<float>().ToArray(), File.ReadLines(path).Skip(1).SelectMany(line => line.Split(',').Skip(2).Select(v => float.Parse(v, System.Globalization.CultureInfo.InvariantCulture))));
        Assert.Equal([all.GetName(3), all.GetName(500), all.GetName(999)], File.ReadLines(path).Skip(1).Select(line => line.Split(',')[0]));
    }
}
