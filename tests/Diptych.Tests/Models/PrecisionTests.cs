using Diptych.Models;
using Diptych.Training;
using static TorchSharp.torch;

namespace Diptych.Tests.Models;

public sealed class PrecisionTests
{
    public PrecisionTests() => set_num_threads(1);

    [Theory]
    [InlineData("resnet18", 0.05, 0.85)]
    [InlineData("resnet50", 0.25, 0)] // deep and untrained: PyTorch's autocast is as far from float32 (features 0.15, the first gradient's cosine 0.27)
    public void In_bfloat16_weights_gradients_statistics_and_features_stay_float32_and_near(string name, double farthest, double leastCosine)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var settings = new EncoderSettings { Name = name, Width = 16, Stem = EncoderStem.Small };
        using ResNet exact = new(settings, seed: 2), rounded = new(settings, seed: 2) { Precision = ScalarType.BFloat16 };
        Tensor views = randn([16, 32, 32, 3], generator: generator).permute(0, 3, 1, 2);
        Tensor expected = exact.call(views), features = rounded.call(views);
        Assert.Equal(ScalarType.Float32, features.dtype);
        double error = (features - expected).norm().item<float>() / expected.norm().item<float>();
        Assert.InRange(error, 1e-5, farthest); // rounded, and only that

        Tensor slope = randn(expected.shape, generator: generator);
        (expected * slope).sum().backward();
        (features * slope).sum().backward();
        foreach (var ((key, one), (_, other)) in exact.named_parameters().Zip(rounded.named_parameters()))
        {
            Assert.Equal(ScalarType.Float32, other.dtype);
            Assert.Equal(ScalarType.Float32, other.grad!.dtype);
            if (key.Contains("conv", StringComparison.Ordinal))
                Assert.True(nn.functional.cosine_similarity(one.grad!.flatten(), other.grad!.flatten(), dim: 0, 1e-12).item<float>() > leastCosine, key);
        }
        Assert.All(rounded.buffers().Where(b => b.dtype != ScalarType.Int64), b => Assert.Equal(ScalarType.Float32, b.dtype));
        Assert.True(rounded.state_dict()["bn1.running_var"].allclose(exact.state_dict()["bn1.running_var"], rtol: 0.02));
    }

    [Fact]
    public void Auto_becomes_one_that_is_named_with_its_reason()
    {
        var options = new PretrainOptions { Encoder = "resnet10", Width = 8, Batch = 8, Precision = "auto", Threads = 1 };
        (PretrainOptions chosen, string? why) = KnownPrecision.Choose(options);
        Assert.Contains(chosen.Precision, KnownPrecision.Names);
        Assert.StartsWith($"Precision {chosen.Precision}: 16 views through the encoder and back take ", why, StringComparison.Ordinal);
        Assert.Equal((chosen, null), KnownPrecision.Choose(chosen));
    }

    [Fact]
    public void Unknown_and_contradicting_precisions_are_refused()
    {
        Assert.Contains("Did you mean 'bfloat16'?", Assert.Throws<InvalidInputException>((new PretrainOptions { Precision = "bfloat" }).Validate).Message, StringComparison.Ordinal);
        Assert.Equal("--deterministic computes in float32, but --precision is auto. Leave one of them out.", Assert.Throws<InvalidInputException>((new PretrainOptions { Precision = "auto", Deterministic = true }).Validate).Message);
    }
}
