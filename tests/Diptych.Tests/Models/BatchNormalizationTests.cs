using Diptych.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Diptych.Tests.Models;

/// <summary>The passes of our own against libtorch's batch-norm, sum and ReLU in double precision.</summary>
public sealed class BatchNormalizationTests : IDisposable
{
    private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        set_num_threads(1);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 2, 16, 3, 4, true, true)]
    [InlineData(ScalarType.Float32, 3, 48, 5, 7, true, false)]
    [InlineData(ScalarType.Float32, 4, 64, 1, 1, false, false)]
    [InlineData(ScalarType.Float32, 5, 16, 24, 23, true, true)]   // more rows than a chunk has
    [InlineData(ScalarType.Float32, 2, 2048, 6, 6, true, true)]   // as many chunks with wide rows
    [InlineData(ScalarType.Float32, 2, 24, 5, 4, true, true)]     // a number of channels that libtorch computes
    [InlineData(ScalarType.BFloat16, 2, 16, 3, 4, true, true)]
    [InlineData(ScalarType.BFloat16, 3, 48, 5, 7, true, false)]
    [InlineData(ScalarType.BFloat16, 5, 32, 24, 23, false, false)]
    [InlineData(ScalarType.BFloat16, 2, 2048, 6, 6, true, true)]
    public void Output_gradients_and_running_statistics_are_those_of_batch_norm(ScalarType type, int count, int channels, int height, int width, bool hasRelu, bool hasShortcut)
    {
        set_num_threads(2);
        using var generator = new Generator(7);
        Tensor Images(double spread, double mean) => ((randn([count, height, width, channels], generator: generator) * spread) + mean).to_type(type).permute(0, 3, 1, 2);
        Tensor input = Images(3, 1).requires_grad_(), slope = Images(1, 0.2);
        Tensor? shortcut = hasShortcut ? Images(1, 0).requires_grad_() : null;
        BatchNorm2d layer = Layer(channels, generator), exact = nn.BatchNorm2d(channels, dtype: ScalarType.Float64);
        using (no_grad())
            foreach (var (one, other) in exact.parameters().Zip(layer.parameters()))
                one.copy_(other);

        Tensor Doubles(Tensor tensor) => tensor.detach().to(ScalarType.Float64).requires_grad_();
        Tensor exactInput = Doubles(input);
        Tensor? exactShortcut = shortcut is null ? null : Doubles(shortcut);
        Tensor sum = exact.call(exactInput);
        if (exactShortcut is not null)
            sum = sum.add(exactShortcut, Arithmetic.One);
        Tensor expected = hasRelu ? sum.relu() : sum;
        // Where the sum is 0 but for rounding, either gradient is right.
        slope = slope.where(sum.detach().abs() > 0.02, zeros_like(slope));
        expected.backward([slope.to(ScalarType.Float64)]);

        Tensor output = hasRelu ? BatchNormalization.ApplyWithRelu(layer, input, shortcut) : BatchNormalization.Apply(layer, input);
        output.backward([slope]);
        Assert.Equal(type, output.dtype);
        AssertNear(expected, output, type);
        AssertNear(exactInput.grad!, input.grad!, type);
        AssertNear(exact.weight!.grad!, layer.weight!.grad!, ScalarType.Float32);
        AssertNear(exact.bias!.grad!, layer.bias!.grad!, ScalarType.Float32);
        AssertNear(exact.running_mean!, layer.running_mean!, ScalarType.Float32);
        AssertNear(exact.running_var!, layer.running_var!, ScalarType.Float32);
        Assert.Equal(1, layer.num_batches_tracked!.item<long>());
        if (hasShortcut)
            AssertNear(exactShortcut!.grad!, shortcut!.grad!, type);
    }

    [Theory]
    [InlineData(ScalarType.Float32, true)]
    [InlineData(ScalarType.Float32, false)]
    [InlineData(ScalarType.BFloat16, true)]
    public void With_running_statistics_the_output_is_that_of_batch_norm(ScalarType type, bool hasShortcut)
    {
        using var generator = new Generator(8);
        BatchNorm2d layer = Layer(32, generator);
        using (no_grad())
        {
            layer.running_mean!.copy_(randn([32], generator: generator));
            layer.running_var!.copy_(rand([32], generator: generator));
        }
        layer.eval();
        Tensor input = randn([3, 5, 6, 32], generator: generator).to_type(type).permute(0, 3, 1, 2);
        Tensor? shortcut = hasShortcut ? input.flip(0) : null;
        Tensor withGradient = BatchNormalization.ApplyWithRelu(layer, input.to_type(ScalarType.Float32), shortcut?.to_type(ScalarType.Float32)); // libtorch's
        withGradient.sum().backward();
        Assert.NotNull(layer.weight!.grad);
        using var noGradient = no_grad();
        Tensor output = BatchNormalization.ApplyWithRelu(layer, input, shortcut);
        Assert.Equal(type, output.dtype);
        AssertNear(withGradient.detach(), output, type);
        Assert.Equal(0, layer.num_batches_tracked!.item<long>());
    }

    [Fact]
    public void A_mean_far_above_the_deviation_costs_no_digits()
    {
        using var generator = new Generator(9);
        Tensor input = (randn([4, 9, 9, 16], generator: generator) + 3000).permute(0, 3, 1, 2);
        Tensor exact = input.to(ScalarType.Float64);
        BatchNorm2d layer = nn.BatchNorm2d(16);
        BatchNormalization.Apply(layer, input);
        AssertNear(exact.@var([0L, 2L, 3L], unbiased: true) * 0.1 + 0.9, layer.running_var!, ScalarType.Float32);
        AssertNear(exact.mean([0L, 2L, 3L]) * 0.1, layer.running_mean!, ScalarType.Float32);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Bits_do_not_depend_on_the_number_of_threads(ScalarType type)
    {
        byte[][] one = Run(1), three = Run(3);
        Assert.Equal(one, three);

        byte[][] Run(int threads)
        {
            set_num_threads(threads);
            using var generator = new Generator(10);
            Tensor input = randn([6, 30, 30, 32], generator: generator).to_type(type).permute(0, 3, 1, 2).requires_grad_();
            BatchNorm2d layer = Layer(32, generator);
            Tensor output = BatchNormalization.ApplyWithRelu(layer, input, input);
            output.backward([randn([6, 30, 30, 32], generator: generator).to_type(type).permute(0, 3, 1, 2)]);
            return [.. new[] { output, input.grad!, layer.weight!.grad!, layer.bias!.grad!, layer.running_var! }.Select(tensor => ChannelsLast.InMemoryOrder(tensor).contiguous().bytes.ToArray())];
        }
    }

    [Fact]
    public void Gradients_in_another_layout_or_of_a_frozen_layer_are_those_of_batch_norm()
    {
        using var generator = new Generator(11);
        BatchNorm2d layer = Layer(16, generator);
        layer.weight!.requires_grad_(false);
        layer.bias!.requires_grad_(false);
        Tensor values = randn([3, 4, 5, 16], generator: generator);
        Tensor input = values.permute(0, 3, 1, 2).requires_grad_(), planes = values.permute(0, 3, 1, 2).contiguous().requires_grad_();
        Tensor slope = randn([3, 16, 4, 5], generator: generator);
        BatchNormalization.ApplyWithRelu(layer, input, input.detach()).backward([slope]);
        BatchNormalization.ApplyWithRelu(layer, planes, planes.detach()).backward([slope]); // libtorch's: not channels-last
        AssertNear(planes.grad!, input.grad!, ScalarType.Float32);
        Assert.Null(layer.weight.grad);
        Tensor spread = input.detach().clone().requires_grad_();
        BatchNormalization.Apply(layer, spread).mean([2L, 3L]).Squared().sum().backward(); // a gradient without strides
        Tensor alike = planes.detach().clone().requires_grad_();
        BatchNormalization.Apply(layer, alike).mean([2L, 3L]).Squared().sum().backward();
        Assert.InRange((spread.grad! - alike.grad!).abs().max().item<float>(), 0, 1e-6f);
    }

    [Fact]
    public void Without_gradients_training_gives_the_same_bits()
    {
        using var generator = new Generator(12);
        Tensor input = randn([3, 4, 5, 16], generator: generator).permute(0, 3, 1, 2);
        BatchNorm2d layer = nn.BatchNorm2d(16), other = nn.BatchNorm2d(16);
        Tensor output = BatchNormalization.ApplyWithRelu(layer, input);
        using var noGradient = no_grad();
        Assert.True(output.Equals(BatchNormalization.ApplyWithRelu(other, input)));
        Assert.True(layer.running_var!.Equals(other.running_var!));
    }

    [Fact]
    public void A_failure_within_the_backward_pass_reaches_the_caller()
    {
        Tensor start = randn(2, 3, 3, 16).permute(0, 3, 1, 2).requires_grad_(), input = start.Times(2);
        Tensor output = BatchNormalization.ApplyWithRelu(nn.BatchNorm2d(16), input);
        using (no_grad())
            input.Plus_(ones(1));
        Exception failure = Assert.ThrowsAny<Exception>(() => Backpropagation.Run(output.sum()));
        Assert.Contains("modified by an inplace operation", failure.Message, StringComparison.Ordinal);
        Backpropagation.Run(BatchNormalization.ApplyWithRelu(nn.BatchNorm2d(16), start).sum()); // and the next pass is as ever
        Assert.NotNull(start.grad);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void What_is_not_finite_stays_to_be_seen(double value)
    {
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            Tensor input = zeros([2, 3, 3, 16]);
            input[1, 1, 1, 5] = value;
            BatchNorm2d layer = nn.BatchNorm2d(16);
            Tensor output = BatchNormalization.ApplyWithRelu(layer, input.to_type(type).permute(0, 3, 1, 2));
            Assert.True(output[0, 5].isnan().all().item<bool>());
            Assert.False(output[0, 4].isnan().any().item<bool>());
            layer.eval();
            using (no_grad())
            {
                layer.running_mean!.zero_();
                layer.running_var!.fill_(1);
                Assert.False(double.IsFinite(BatchNormalization.ApplyWithRelu(layer, input.to_type(type).permute(0, 3, 1, 2)).to_type(ScalarType.Float32)[1, 5, 1, 1].item<float>()));
            }
        }
    }

    private static BatchNorm2d Layer(int channels, Generator generator)
    {
        BatchNorm2d layer = nn.BatchNorm2d(channels);
        using var noGradient = no_grad();
        layer.weight!.copy_(randn([channels], generator: generator));
        layer.bias!.copy_(randn([channels], generator: generator));
        return layer;
    }

    // Relative to the largest value of the tensor: half a unit in the last of 8 bits, or float32's error in a sum.
    private static void AssertNear(Tensor expected, Tensor actual, ScalarType type)
    {
        Tensor exact = expected.to(ScalarType.Float64);
        Assert.InRange((actual.to(ScalarType.Float64) - exact).abs().max().item<double>(), 0, exact.abs().max().item<double>() * (type == ScalarType.BFloat16 ? 1 / 256.0 : 1e-5));
    }
}
