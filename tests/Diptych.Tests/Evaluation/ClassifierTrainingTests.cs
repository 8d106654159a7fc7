using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Models;
using Diptych.Views;
using static TorchSharp.torch;

namespace Diptych.Tests.Evaluation;

public sealed class ClassifierTrainingTests
{
    private static readonly ViewRecipe Recipe = ViewRecipe.Named("satellite", 8);

    private static readonly ClassifierOptions Options = new() { Epochs = 2, FewestSteps = 1, Batch = 16, Seed = 3 };

    // 50 tiles of 10 classes.
    private static ImageSubset Tiles() => new(ImageSource.Open(Repository.Sample("test.tar")), Enumerable.Range(0, 50).Select(i => i * 20), ownsSource: true);

    private static int[] LabelsOf(ImageSubset source) => [.. Enumerable.Range(0, source.Count).Select(source.GetLabel)];

    [Fact]
    public void The_probe_is_softmax_regression_by_sgd_as_plain_loops_have_it()
    {
        const double Rate = 0.3, Momentum = 0.9;
        using ImageSubset tiles = Tiles();
        using var encoder = new ResNet(new EncoderSettings { Name = "resnet10", Width = 4 }, 1);
        encoder.eval();
        int[] labels = LabelsOf(tiles);
        using LinearClassifier classifier = AugmentedProbe.Train(encoder, Recipe, tiles, labels, 10, [Rate], Options)[0];

        int length = encoder.Settings.FeatureCount;
        double[,] weight = new double[10, length + 1], velocity = new double[10, length + 1]; // the last column is the bias
        int steps = 0, total = 2 * (50 / 16);
        using (var batches = new LabelledBatches(tiles, labels, Recipe, Options, TorchSharp.torch.CPU))
        {
            batches.Train(1, (views, truth, _) =>
            {
                double rate = Rate * 0.5 * (1 + Math.Cos(Math.PI * steps++ / total));
                float[] features;
                using (no_grad())
                    features = [.. encoder.call(views).data<float>()];
                long[] wanted = [.. truth.data<long>()];
                double[,] gradient = new double[10, length + 1];
                for (int i = 0; i < wanted.Length; i++)
                {
                    double Feature(int f) => f == length ? 1 : features[i * length + f];
                    double[] scores = [.. Enumerable.Range(0, 10).Select(c => Enumerable.Range(0, length + 1).Sum(f => weight[c, f] * Feature(f)))];
                    double sum = scores.Sum(Math.Exp);
                    for (int c = 0; c < 10; c++)
                        for (int f = 0; f <= length; f++)
                            gradient[c, f] += (Math.Exp(scores[c]) / sum - (c == wanted[i] ? 1 : 0)) * Feature(f) / wanted.Length;
                }
                for (int c = 0; c < 10; c++)
                {
                    for (int f = 0; f <= length; f++)
                    {
                        velocity[c, f] = Momentum * velocity[c, f] + gradient[c, f];
                        weight[c, f] -= rate * velocity[c, f];
                    }
                }
            });
        }
        Assert.Equal(total, steps);
        float[] found = [.. classifier.Weight.contiguous().data<float>()], bias = [.. classifier.Bias.data<float>()];
        for (int c = 0; c < 10; c++)
        {
            for (int f = 0; f < length; f++)
                Assert.Equal(weight[c, f], found[c * length + f], 1e-4);
            Assert.Equal(weight[c, length], bias[c], 1e-4);
        }
    }

    [Fact]
    public void Rates_that_learn_side_by_side_do_not_meet_even_where_one_diverges()
    {
        using ImageSubset tiles = Tiles();
        using var encoder = new ResNet(new EncoderSettings { Name = "resnet10", Width = 4 }, 1);
        using LinearClassifier alone = AugmentedProbe.Train(encoder, Recipe, tiles, LabelsOf(tiles), 10, [0.1], Options)[0];
        LinearClassifier[] together = AugmentedProbe.Train(encoder, Recipe, tiles, LabelsOf(tiles), 10, [1e39, 0.1, 30], Options);
        Assert.False(together[0].Weight.isfinite().all().item<bool>());
        Assert.True((together[1].Weight - alone.Weight).abs().max().item<float>() < 1e-5);
        Assert.True((together[2].Weight - alone.Weight).abs().max().item<float>() > 0.1);
        foreach (LinearClassifier classifier in together)
            classifier.Dispose();
    }

    [Fact]
    public void Fine_tuning_leaves_the_encoder_and_moves_a_copy_and_its_statistics()
    {
        using var scope = NewDisposeScope();
        using ImageSubset tiles = Tiles();
        using var encoder = new ResNet(new EncoderSettings { Name = "resnet10", Width = 4 }, 1);
        var before = encoder.state_dict().ToDictionary(t => t.Key, t => t.Value.clone());
        var (tuned, classifier) = FineTuning.Fit(encoder, Recipe, tiles, LabelsOf(tiles), 10, Options);
        using (tuned)
        using (classifier)
        {
            Assert.All(encoder.state_dict(), t => Assert.True(t.Value.equal(before[t.Key]).all().item<bool>(), t.Key));
            Assert.All(tuned.state_dict(), t => Assert.False(t.Value.equal(before[t.Key]).all().item<bool>(), t.Key)); // weights, and the statistics of training mode
            Assert.False(tuned.training);
        }
    }

    [Fact]
    public void Deeper_layers_learn_at_a_power_of_the_layer_decay()
    {
        using var scope = NewDisposeScope();
        using ImageSubset tiles = Tiles();
        using var encoder = new ResNet(new EncoderSettings { Name = "resnet10", Width = 4 }, 1);
        // Two steps: in the first the classifier is zero and sends no gradient back.
        ClassifierOptions twoSteps = new() { Epochs = 2, FewestSteps = 1, Batch = 50, LearningRate = 0.5, WeightDecay = 0 };
        double Moved(string name, double decay)
        {
            var (tuned, classifier) = FineTuning.Fit(encoder, Recipe, tiles, LabelsOf(tiles), 10, twoSteps with { LayerDecay = decay });
            using (tuned)
            using (classifier)
                return (tuned.state_dict()[name] - encoder.state_dict()[name]).norm().item<float>();
        }
        foreach (var (name, depth) in new[] { ("layer4.0.conv1.weight", 1), ("layer2.0.bn1.weight", 3), ("conv1.weight", 5) })
            Assert.Equal(Math.Pow(0.5, depth), Moved(name, 0.5) / Moved(name, 1), 0.01);
        Assert.Equal([0, 1, 4, 5, 5], new[] { "classifier.weight", "encoder.layer4.0.conv1.weight", "encoder.layer1.0.bn2.bias", "encoder.conv1.weight", "encoder.bn1.bias" }.Select(FineTuning.DepthOf));
    }

    [Fact]
    public void Fine_tuning_learns_what_it_is_shown_and_says_when_it_cannot()
    {
        using ImageSubset tiles = Tiles();
        using var encoder = new ResNet(new EncoderSettings { Name = "resnet10", Width = 8 }, 1);
        var (tuned, classifier) = FineTuning.Fit(encoder, Recipe, tiles, LabelsOf(tiles), 10, new ClassifierOptions { Epochs = 60, FewestSteps = 1, Batch = 25 });
        using (tuned)
        using (classifier)
        using (Tensor probabilities = classifier.Probabilities(FeatureExtractor.Extract(tuned, tiles, Recipe)))
            Assert.True(ClassificationMetrics.Of(probabilities, LabelsOf(tiles), tiles.LabelNames!).Top1 > 0.6);
        Assert.Contains("diverged at the learning rate 1E+20", Assert.Throws<InvalidInputException>(() => FineTuning.Fit(encoder, Recipe, tiles, LabelsOf(tiles), 10, Options with { LearningRate = 1e20 })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(50, 30, 300)] // one step an epoch
    [InlineData(64_000, 30, 30)]
    [InlineData(640, 30, 30)]
    [InlineData(100, 7, 300)]
    public void Where_labels_are_few_more_passes_are_made(int images, int epochs, int expected) =>
        Assert.Equal(expected, new ClassifierOptions { Epochs = epochs }.EpochsFor(images));
}
