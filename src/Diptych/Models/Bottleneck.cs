using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Diptych.Models;

/// <summary>1×1, 3×3 and 1×1 convolutions and a shortcut: the block of ResNet-50 and deeper. Its output has four times the stage's channels.</summary>
/// <remarks>
/// Source: He et al., arXiv 1512.03385; the stride sits in the 3×3 convolution, as in torchvision. Field names are torchvision's.
/// A wide network (Zagoruyko and Komodakis, arXiv 1605.07146) has more channels inside.
/// </remarks>
internal sealed class Bottleneck : Module<Tensor, Tensor>
{
    public const int Expansion = 4;

    private readonly Conv2d conv1, conv2, conv3;
    private readonly BatchNorm2d bn1, bn2, bn3;
    private readonly Sequential? downsample;

    public Bottleneck(int inputChannels, int channels, int inside, int stride) : base(nameof(Bottleneck))
    {
        int outputChannels = Expansion * channels;
        conv1 = Conv2d(inputChannels, inside, kernel_size: 1, bias: false);
        bn1 = BatchNorm2d(inside);
        conv2 = Conv2d(inside, inside, kernel_size: 3, stride: stride, padding: 1, bias: false);
        bn2 = BatchNorm2d(inside);
        conv3 = Conv2d(inside, outputChannels, kernel_size: 1, bias: false);
        bn3 = BatchNorm2d(outputChannels);
        if (stride != 1 || inputChannels != outputChannels)
            downsample = Sequential(
                ("0", Conv2d(inputChannels, outputChannels, kernel_size: 1, stride: stride, bias: false)),
                ("1", BatchNorm2d(outputChannels)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor shortcut = downsample is null ? input : Convolution.ApplyWithNorm(downsample, input);
        Tensor hidden = BatchNormalization.ApplyWithRelu(bn1, Convolution.Apply(conv1, input));
        hidden = BatchNormalization.ApplyWithRelu(bn2, Convolution.Apply(conv2, hidden));
        return BatchNormalization.ApplyWithRelu(bn3, Convolution.Apply(conv3, hidden), shortcut).MoveToOuterDisposeScope();
    }
}
