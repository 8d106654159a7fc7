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

    [Theory]
    [InlineData(7, 1)] // a product of matrices
    [InlineData(15, 1)] // a convolution
    [InlineData(7, 2)] // a product of every second pixel
    [InlineData(14, 2)]
    [InlineData(15, 2)] // a convolution
    public void In_bfloat16_a_convolution_of_one_pixel_and_its_gradients_are_those_of_float32_rounded(int side, int stride)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var layer = nn.Conv2d(24, 40, kernel_size: 1, stride: stride, bias: false);
        Tensor Rounded(params long[] shape) => randn(shape, generator: generator).to_type(ScalarType.BFloat16).to_type(ScalarType.Float32);
        using (no_grad())
            layer.weight.copy_(Rounded(40, 24, 1, 1));
        Tensor input = Rounded(3, side, side, 24).permute(0, 3, 1, 2).requires_grad_();
        Tensor expected = Convolution.Apply(layer, input);
        Tensor slope = Rounded(expected.shape);
        expected.backward([slope]);
        Tensor[] exact = [expected, input.grad!, layer.weight.grad!];
        (input.grad, layer.weight.grad) = (null, null);

        Tensor output = Convolution.Apply(layer, input.to_type(ScalarType.BFloat16));
        output.backward([slope.to_type(ScalarType.BFloat16)]);
        Assert.Equal(ScalarType.BFloat16, output.dtype);
        foreach (var (one, other) in exact.Zip([output, input.grad!, layer.weight.grad!]))
            Assert.InRange((other - one).abs().max().item<float>(), 0, one.abs().max().item<float>() / 256); // half a unit in the last of 8 bits
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
