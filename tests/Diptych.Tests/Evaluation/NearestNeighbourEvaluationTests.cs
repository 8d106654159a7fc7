using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Models;
using Diptych.Views;
using static TorchSharp.torch;

namespace Diptych.Tests.Evaluation;

public sealed class NearestNeighbourEvaluationTests
{
    private static readonly ViewRecipe Recipe = ViewRecipe.Named("satellite", 16);

    private static ImageSubset Tiles(int start, int count) => new(ImageSource.Open(Repository.Sample("test.tar")), Enumerable.Range(0, count).Select(i => start + i * 5), ownsSource: true);

    [Fact]
    public void Changes_no_weight_and_no_statistic()
    {
        using ImageSubset train = Tiles(0, 200), test = Tiles(1, 60);
        using var encoder = new ResNet(new EncoderSettings { Width = 4 });
        encoder.train();
        Dictionary<string, Tensor> before = encoder.state_dict().ToDictionary(t => t.Key, t => t.Value.clone());
        var results = new NearestNeighbourEvaluation(train, test, new() { LabelsPerClass = 3, Draws = 2 }).Run(encoder, Recipe, "dcl");
        Assert.Equal(["raw pixels", "untrained encoder", "dcl"], results.Select(r => r.Features));
        Assert.True(encoder.training);
        foreach (var (name, tensor) in encoder.state_dict())
            Assert.True(tensor.equal(before[name]).all().item<bool>(), name);
    }

    [Fact]
    public void An_image_that_is_in_the_bank_finds_itself()
    {
        using ImageSubset tiles = Tiles(0, 200);
        using var encoder = new ResNet(new EncoderSettings { Width = 4 });
        var results = new NearestNeighbourEvaluation(tiles, tiles, new() { K = 1, LabelsPerClass = 2, Draws = 1 }).Run(encoder, Recipe, "x");
        Assert.All(results, r => Assert.Equal(1.0, r.Accuracy));
        Assert.All(results, r => Assert.True(r.FewLabelsMean < 1));
    }

    [Fact]
    public void Equal_seeds_give_equal_figures_and_the_protocol_says_how()
    {
        using ImageSubset train = Tiles(0, 200), test = Tiles(2, 50);
        using var encoder = new ResNet(new EncoderSettings { Width = 4 });
        var evaluation = new NearestNeighbourEvaluation(train, test, new() { K = 7, LabelsPerClass = 3, Draws = 3, Seed = 9 });
        Assert.Equal(evaluation.Run(encoder, Recipe, "x"), evaluation.Run(encoder, Recipe, "x"));
        Assert.Equal("nearest neighbour, cosine, votes exp(s/0.1); 200 labelled images (k = 7) or 3 a class (k = 5, mean ± sd of 3 draws, seed 9), 50 test images, features of the whole image", evaluation.Protocol);
    }

    [Fact]
    public void Features_do_not_depend_on_the_batch_they_are_computed_in()
    {
        using var scope = NewDisposeScope();
        using ImageSubset tiles = Tiles(0, 30);
        using var encoder = new ResNet(new EncoderSettings { Width = 4 });
        Tensor one = FeatureExtractor.Extract(encoder, tiles, Recipe, batchSize: 30), other = FeatureExtractor.Extract(encoder, tiles, Recipe, batchSize: 7);
        Assert.True(one.allclose(other, rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void Missing_labels_and_too_few_images_are_refused()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset tiles = Tiles(0, 100);
        var buffer = new ImageBuffer();
        File.WriteAllBytes(folder.File("a.png"), ContactSheet.Draw(tiles, Recipe, [0], 1, 1));
        using IImageSource unlabelled = ImageSource.Open(folder.Path);
        Assert.Contains("has no labels", Assert.Throws<InvalidInputException>(() => new NearestNeighbourEvaluation(tiles, unlabelled, new())).Message, StringComparison.Ordinal);
        Assert.Contains("--k is 500", Assert.Throws<InvalidInputException>(() => new NearestNeighbourEvaluation(tiles, tiles, new() { K = 500 })).Message, StringComparison.Ordinal);
        Assert.Contains("too few", Assert.Throws<InvalidInputException>(() => new NearestNeighbourEvaluation(tiles, tiles, new() { LabelsPerClass = 80 })).Message, StringComparison.Ordinal);
    }
}
