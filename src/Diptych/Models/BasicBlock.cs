using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Diptych.Models;

/// <summary>Two 3×3 convolutions and a shortcut: the block of ResNet-18 and -34.</summary>
/// <remarks>Source: He et al., arXiv 1512.03385. Field names are torchvision's: they are the parameter names in the file.</remarks>
internal sealed class BasicBlock : Module<Tensor, Tensor>
{
    private readonly Conv2d conv1, conv2;
    private readonly BatchNorm2d bn1, bn2;
    private readonly Sequential? downsample;
    private readonly int shortcutStride = 1;

    public BasicBlock(int inputChannels, int channels, int stride) : base(nameof(BasicBlock))
    {
        conv1 = Conv2d(inputChannels, channels, kernel_size: 3, stride: stride, padding: 1, bias: false);
        bn1 = BatchNorm2d(channels);
        conv2 = Conv2d(channels, channels, kernel_size: 3, padding: 1, bias: false);
        bn2 = BatchNorm2d(channels);
        if (stride != 1 || inputChannels != channels)
        {
            // With fewer than 16 channels, libtorch 2.10 writes beyond its memory in the gradient of a strided 1×1 convolution
            // (channels-last): take every second pixel first, which is the same thing.
            if (inputChannels < 16)
                (shortcutStride, stride) = (stride, 1);
            downsample = Sequential(
                ("0", Conv2d(inputChannels, channels, kernel_size: 1, stride: stride, bias: false)),
                ("1", BatchNorm2d(channels)));
        }
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor shortcut = downsample is null ? input : Convolution.ApplyWithNorm(downsample, Subsample(input, shortcutStride));
        Tensor hidden = BatchNormalization.ApplyWithRelu(bn1, Convolution.Apply(conv1, input));
        return BatchNormalization.ApplyWithRelu(bn2, Convolution.Apply(conv2, hidden), shortcut).MoveToOuterDisposeScope();
    }

    // [N, C, H, W] → [N, C, ⌈H / stride⌉, ⌈W / stride⌉]
    private static Tensor Subsample(Tensor input, int stride) =>
        stride == 1 ? input : input.slice(2, 0, input.shape[2], stride).slice(3, 0, input.shape[3], stride);
}
