using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Diptych.Models;

/// <summary>A residual network without its classifier: images to features.</summary>
/// <remarks>
/// Source: He et al., arXiv 1512.03385. Parameter names and shapes are those of torchvision's network of the same name without <c>fc</c>.
/// Weights are kept channels-last, which is the faster layout on CPUs; values are the same.
/// </remarks>
public sealed class ResNet : Module<Tensor, Tensor>
{
    private readonly Conv2d conv1;
    private readonly BatchNorm2d bn1;
    private readonly Module<Tensor, Tensor>? maxpool;
    private readonly Sequential layer1, layer2, layer3, layer4;

    /// <summary>Builds an encoder with random weights.</summary>
    /// <param name="settings">Architecture, width and stem.</param>
    /// <param name="seed">Where the weights start; torch's own generator is not touched.</param>
    /// <param name="zeroInit">Whether the last batch-norm of each block starts at 0, so that each block starts as its shortcut. Source: Goyal et al., arXiv 1706.02677.</param>
    /// <exception cref="InvalidInputException">The settings name no known encoder.</exception>
    public ResNet(EncoderSettings settings, long seed = 0, bool zeroInit = false) : base(nameof(ResNet))
    {
        ArgumentNullException.ThrowIfNull(settings);
        string[] mistakes = settings.FindMistakes().ToArray();
        if (mistakes.Length > 0)
            throw new InvalidInputException(string.Join(Environment.NewLine, mistakes));
        Settings = settings;

        int width = settings.Width;
        if (settings.Stem == EncoderStem.Small)
        {
            conv1 = Conv2d(settings.Channels, width, kernel_size: 3, padding: 1, bias: false);
        }
        else
        {
            conv1 = Conv2d(settings.Channels, width, kernel_size: 7, stride: 2, padding: 3, bias: false);
            maxpool = MaxPool2d(kernel_size: 3, stride: 2, padding: 1);
        }
        bn1 = BatchNorm2d(width);
        KnownEncoder shape = KnownEncoder.Named(settings.Name);
        int channels = width;
        layer1 = Stage(shape, ref channels, width, shape.Blocks[0], stride: 1);
        layer2 = Stage(shape, ref channels, 2 * width, shape.Blocks[1], stride: 2);
        layer3 = Stage(shape, ref channels, 4 * width, shape.Blocks[2], stride: 2);
        layer4 = Stage(shape, ref channels, 8 * width, shape.Blocks[3], stride: 2);
        RegisterComponents();
        Initialize(seed, zeroInit);
    }

    /// <summary>Architecture, width and stem.</summary>
    public EncoderSettings Settings { get; }

    /// <summary>What convolutions and activations are computed in: float32 or bfloat16. Weights, their gradients, batch-norm's statistics and the features are float32 either way.</summary>
    public ScalarType Precision { get; set; } = ScalarType.Float32;

    /// <summary>Images to features.</summary>
    /// <param name="input">Normalized images, <c>[N, C, H, W]</c>; fastest when the memory is channels-last.</param>
    /// <returns>Features, <c>[N, F]</c>, F = <see cref="EncoderSettings.FeatureCount"/>; every value ≥ 0.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = BatchNormalization.ApplyWithRelu(bn1, Convolution.Apply(conv1, Precision == ScalarType.BFloat16 ? input.to_type(ScalarType.BFloat16) : input));
        if (maxpool is not null)
            hidden = maxpool.call(hidden);
        hidden = layer4.call(layer3.call(layer2.call(layer1.call(hidden)))); // [N, F, h, w]
        return hidden.mean([2L, 3L], type: Precision == ScalarType.BFloat16 ? ScalarType.Float32 : null).MoveToOuterDisposeScope(); // [N, F]
    }

    private static Sequential Stage(KnownEncoder shape, ref int inputChannels, int channels, int blocks, int stride)
    {
        var stage = new List<(string, Module<Tensor, Tensor>)>();
        for (int i = 0; i < blocks; i++)
        {
            int step = i == 0 ? stride : 1;
            stage.Add(($"{i}", shape.HasBottlenecks ? new Bottleneck(inputChannels, channels, shape.Widening * channels, step) : new BasicBlock(inputChannels, channels, step)));
            inputChannels = channels * (shape.HasBottlenecks ? Bottleneck.Expansion : 1);
        }
        return Sequential(stage.ToArray());
    }

    // Kaiming-normal by fan-out, as torchvision does; batch-norm starts at weight 1 and bias 0.
    private void Initialize(long seed, bool zeroInit)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var generator = new Generator((ulong)seed);
        string lastOfBlock = KnownEncoder.Named(Settings.Name).HasBottlenecks ? ".bn3" : ".bn2";
        foreach (var (name, module) in named_modules())
        {
            if (zeroInit && module is BatchNorm2d last && name.EndsWith(lastOfBlock, StringComparison.Ordinal))
                last.weight.zero_();
            if (module is not Conv2d { weight: { } weight })
                continue;
            long fanOut = weight.shape[0] * weight.shape[2] * weight.shape[3];
            // Not init.normal_: TorchSharp 0.107 ignores the generator given to it.
            Tensor values = randn(weight.shape, generator: generator).Times_(Math.Sqrt(2.0 / fanOut));
            weight.set_(ChannelsLast.Of(values));
        }
    }
}
