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
    [InlineData(1, 7, 1)] // a product of matrices
    [InlineData(1, 15, 1)] // a convolution
    [InlineData(1, 7, 2)] // a product of every second pixel
    [InlineData(1, 14, 2)]
    [InlineData(1, 15, 2)] // a convolution
    [InlineData(3, 4, 1)] // products, where the processor has tiles
    [InlineData(3, 10, 1)] // the gradient of the weights as products
    [InlineData(3, 11, 1)] // a convolution
    [InlineData(3, 9, 2)]
    [InlineData(3, 20, 2)]
    [InlineData(3, 22, 2)]
    public void In_bfloat16_a_convolution_and_its_gradients_are_those_of_float32_rounded(int kernel, int side, int stride)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var layer = nn.Conv2d(128, 40, kernel_size: kernel, stride: stride, padding: kernel / 2, bias: false);
        Tensor Rounded(params long[] shape) => randn(shape, generator: generator).to_type(ScalarType.BFloat16).to_type(ScalarType.Float32);
        using (no_grad())
            layer.weight.copy_(Rounded(40, 128, kernel, kernel));
        Tensor input = Rounded(3, side, side, 128).permute(0, 3, 1, 2).requires_grad_();
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

    [Theory]
    [InlineData(3, 4, 5, 1, 1, true)]
    [InlineData(3, 4, 5, 1, 1, false)]
    [InlineData(3, 8, 7, 2, 1, true)]
    [InlineData(3, 7, 8, 2, 1, false)]
    [InlineData(3, 6, 9, 3, 0, true)]
    [InlineData(5, 6, 6, 1, 2, true)]
    public void A_convolution_by_products_is_one(int kernel, int height, int width, int stride, int padding, bool isWhole)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        Tensor Leaf(params long[] shape) => randn(shape, ScalarType.Float64, generator: generator).requires_grad_();
        Tensor input = Leaf(3, 4, height, width), weight = Leaf(6, 4, kernel, kernel);
        Tensor[] Numbers(Tensor output, Tensor slope)
        {
            output.backward([slope]);
            Tensor[] numbers = [output, input.grad!, weight.grad!];
            (input.grad, weight.grad) = (null, null);
            return numbers;
        }

        Tensor expected = nn.functional.conv2d(input, weight, null, [stride, stride], [padding, padding]), slope = randn(expected.shape, ScalarType.Float64, generator: generator);
        foreach (var (one, other) in Numbers(expected, slope).Zip(Numbers(ProductConvolution.Of(input, weight, stride, padding, isWhole), slope)))
            Assert.True(one.allclose(other, rtol: 1e-12, atol: 1e-12));
        using (no_grad())
            Assert.True(expected.allclose(ProductConvolution.Of(input, weight, stride, padding, isWhole), rtol: 1e-12, atol: 1e-12));
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
