using System.Text;
using System.Text.Json;
using Diptych.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Tests.Models;

public sealed class ResNetTests
{
    // Made by Golden/make_resnet_golden.py with torchvision.
    private static readonly JsonElement[] Golden = JsonDocument.Parse(File.ReadAllText(Repository.Golden("resnets.json"))).RootElement.EnumerateArray().ToArray();

    public static IEnumerable<TheoryDataRow<int>> Cases => Enumerable.Range(0, Golden.Length).Select(i => new TheoryDataRow<int>(i));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Names_and_shapes_are_torchvisions(int index)
    {
        using var scope = NewDisposeScope();
        using ResNet encoder = Build(Golden[index]);
        string[] expected = Golden[index].GetProperty("tensors").EnumerateObject().Select(t => $"{t.Name} {t.Value}".Replace(" ", "", StringComparison.Ordinal)).Order().ToArray();
        Assert.Equal(expected, encoder.state_dict().Select(t => $"{t.Key}[{string.Join(",", t.Value.shape)}]").Order());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Features_are_torchvisions_in_evaluation_and_in_training(int index)
    {
        JsonElement golden = Golden[index];
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using ResNet encoder = Build(golden);
        encoder.to(ScalarType.Float64);
        foreach (var (name, tensor) in encoder.state_dict())
        {
            if (!name.EndsWith("num_batches_tracked", StringComparison.Ordinal))
                tensor.copy_(Values(name, tensor.shape));
        }
        long size = golden.GetProperty("size").GetInt32();
        Tensor images = Values("images", [2, encoder.Settings.Channels, size, size]);

        encoder.eval();
        AssertRows(golden.GetProperty("evaluation"), encoder.call(images));
        encoder.train();
        AssertRows(golden.GetProperty("training"), encoder.call(images));
        double[] after = encoder.state_dict()["bn1.running_mean"].data<double>().ToArray();
        foreach (var (expected, i) in golden.GetProperty("running_mean_after").EnumerateArray().Select((e, i) => (e.GetDouble(), i)))
            Assert.Equal(expected, after[i], 1e-6);
    }

    [Theory]
    [InlineData("resnet18", 32, 16 * 32 * 32)]
    [InlineData("resnet18", 96, 16 * 48 * 48)]
    [InlineData("resnet50", 32, 64 * 32 * 32)]
    [InlineData("resnet50", 97, 16 * 49 * 49)] // as much as 64 × 25 × 25 after the pooling, and more
    public void The_largest_activation_is_known_beforehand(string name, int size, int values)
    {
        var settings = new EncoderSettings { Name = name, Width = 16, Stem = EncoderSettings.StemFor(size) };
        Assert.Equal(5L * values * 2, settings.LargestActivation(5, size, 2));
    }

    [Theory]
    [InlineData(16, 128)]
    [InlineData(32, 256)]
    [InlineData(64, 512)]
    public void Width_scales_every_stage(int width, int features)
    {
        using var scope = NewDisposeScope();
        using var encoder = new ResNet(new EncoderSettings { Width = width });
        Assert.Equal(features, encoder.Settings.FeatureCount);
        Assert.Equal([3L, features], encoder.call(randn(3, 3, 32, 32)).shape);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void The_gradient_of_a_narrow_shortcut_is_that_of_twice_the_digits(int channels)
    {
        // libtorch's own gradient of a strided 1×1 convolution overruns its memory here: the process would end.
        using var scope = NewDisposeScope();
        using var block = new BasicBlock(channels, 2 * channels, stride: 2);
        using var exact = new BasicBlock(channels, 2 * channels, stride: 2);
        exact.load_state_dict(block.state_dict());
        exact.to(ScalarType.Float64);
        Tensor input = randn([64, 64, 64, channels], generator: new Generator(2)).permute(0, 3, 1, 2); // channels-last, as in training
        Tensor weights = randn([64, 2 * channels, 32, 32], generator: new Generator(3));
        (block.call(input) * weights).mean().backward();
        (exact.call(input.to(ScalarType.Float64)) * weights).mean().backward();
        Tensor gradient = block.get_parameter("downsample.0.weight")!.grad!, expected = exact.get_parameter("downsample.0.weight")!.grad!;
        // A ReLU whose input is within rounding of zero may pass in one and not in the other: one pixel in 65,536 then differs.
        Assert.InRange((gradient - expected).abs().max().item<double>() / expected.abs().max().item<double>(), 0, 0.05);
    }

    [Fact]
    public void Equal_seeds_give_equal_weights()
    {
        using var scope = NewDisposeScope();
        using var first = new ResNet(new EncoderSettings { Width = 8 }, seed: 5);
        using var second = new ResNet(new EncoderSettings { Width = 8 }, seed: 5);
        using var other = new ResNet(new EncoderSettings { Width = 8 }, seed: 6);
        foreach (var (name, tensor) in first.state_dict())
            Assert.True(tensor.equal(second.state_dict()[name]).all().item<bool>(), name);
        Assert.False(first.state_dict()["conv1.weight"].equal(other.state_dict()["conv1.weight"]).all().item<bool>());
    }

    [Fact]
    public void Weights_start_with_the_deviation_that_keeps_the_variance_of_gradients()
    {
        using var scope = NewDisposeScope();
        using var encoder = new ResNet(new EncoderSettings { Width = 32 }, seed: 1);
        foreach (var (name, weight) in encoder.state_dict().Where(t => t.Value.dim() == 4))
        {
            double expected = Math.Sqrt(2.0 / (weight.shape[0] * weight.shape[2] * weight.shape[3]));
            // 5 standard deviations of a sample deviation of n normal values.
            Assert.Equal(expected, weight.std().item<float>(), expected * 5 / Math.Sqrt(2 * weight.numel()));
        }
    }

    [Theory]
    [InlineData("resnet10", 1)]
    [InlineData("resnet50", 4)]
    public void A_block_may_start_as_its_shortcut(string name, int expansion)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var encoder = new ResNet(new EncoderSettings { Name = name, Width = 4 }, zeroInit: true);
        using var usual = new ResNet(new EncoderSettings { Name = name, Width = 4 });
        string[] zero = encoder.state_dict().Where(t => t.Key.EndsWith("weight", StringComparison.Ordinal) && t.Value.count_nonzero().item<long>() == 0).Select(t => t.Key).ToArray();
        Assert.Equal(KnownEncoder.Named(name).Blocks.Sum(), zero.Length);
        Assert.All(zero, key => Assert.EndsWith(expansion == 4 ? ".bn3.weight" : ".bn2.weight", key, StringComparison.Ordinal));
        Assert.DoesNotContain(usual.state_dict().Values, t => t.dim() == 4 && t.count_nonzero().item<long>() == 0);
        Assert.Equal(8 * 4 * expansion, encoder.call(randn(2, 3, 8, 8)).shape[1]);
    }

    [Fact]
    public void Unknown_encoders_and_widths_are_refused_together()
    {
        var exception = Assert.Throws<InvalidInputException>(() => new ResNet(new EncoderSettings { Name = "vit", Width = 1 }));
        Assert.Equal($"Unknown encoder 'vit'. Known encoders: {string.Join(", ", KnownEncoder.Names)}.{Environment.NewLine}The encoder's width must be from 4 to 512 channels, but it is 1.", exception.Message);
    }

    private static ResNet Build(JsonElement golden) =>
        new(new EncoderSettings
        {
            Name = golden.GetProperty("encoder").GetString()!,
            Channels = golden.GetProperty("channels").GetInt32(),
            Stem = golden.GetProperty("stem").GetString() == "small" ? EncoderStem.Small : EncoderStem.ImageNet,
        });

    private static Tensor Values(string name, long[] shape)
    {
        long count = shape.Aggregate(1L, (a, b) => a * b);
        long start = Encoding.UTF8.GetBytes(name).Sum(b => b) % 1000;
        Tensor i = arange(start, start + count, dtype: ScalarType.Int64);
        Tensor v = ((i * i).remainder(1000003) * 7919).remainder(1000003).sub(500001).to(ScalarType.Float64).div(290000).reshape(shape);
        if (name.EndsWith("running_var", StringComparison.Ordinal))
            return 1 + 0.5 * v;
        if (name.EndsWith("running_mean", StringComparison.Ordinal))
            return 0.1 * v;
        if (shape.Length == 1)
            return name.EndsWith("weight", StringComparison.Ordinal) ? 1 + 0.1 * v : 0.1 * v;
        return v * Math.Sqrt(2.0 / (count / (double)shape[0]));
    }

    private static void AssertRows(JsonElement expected, Tensor features)
    {
        double[][] rows = expected.EnumerateArray().Select(r => r.EnumerateArray().Select(v => v.GetDouble()).ToArray()).ToArray();
        for (int i = 0; i < rows.Length; i++)
        {
            double[] row = features[i].contiguous().data<double>().ToArray();
            // Double arithmetic on both sides.
            for (int j = 0; j < rows[i].Length; j++)
                Assert.Equal(rows[i][j], row[j], 1e-6 * Math.Max(1, Math.Abs(rows[i][j])));
        }
    }
}
