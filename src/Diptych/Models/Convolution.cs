using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Diptych.Models;

/// <summary>Convolutions in the type of their input, whatever the type of their weights.</summary>
/// <remarks>Weights stay float32, and so do their gradients: the cast is part of the graph. TorchSharp has no autocast.</remarks>
internal static class Convolution
{
    /// <summary>Convolves.</summary>
    /// <param name="layer">Its weights, stride and padding; without bias, dilation or groups.</param>
    /// <param name="input"><c>[N, C, H, W]</c>, float32 or bfloat16.</param>
    public static Tensor Apply(Conv2d layer, Tensor input)
    {
        if (input.dtype == layer.weight.dtype)
            return layer.call(input);
        return InBfloat16(input, layer.weight.to_type(input.dtype), layer.stride[0], layer.padding![0]);
    }

    /// <summary>Convolves where input and weights are bfloat16.</summary>
    /// <param name="input"><c>[N, C, H, W]</c></param>
    /// <param name="weight"><c>[O, C, k, k]</c></param>
    /// <param name="stride">Of the kernel, both ways.</param>
    /// <param name="padding">Zeros on each side.</param>
    /// <remarks>
    /// A 1×1 convolution is a product of matrices. On a CPU libtorch's product is the faster of the two on small planes, most of all for few images:
    /// forward and backward 1.4–1.7 times for 8 images of 7 × 7 pixels and 512 and 2,048 channels, 1.08–1.18 times for 512 of 4 × 4; beyond 14 × 14 it is the slower.
    /// With every second pixel left out, 1.2 times to 7 × 7 or 4 × 4 pixels, and slower beyond.
    /// </remarks>
    public static Tensor InBfloat16(Tensor input, Tensor weight, long stride, long padding)
    {
        (long height, long width) = (input.shape[2], input.shape[3]);
        bool isProduct = weight.shape is [_, _, 1, 1] && padding == 0 && input.device_type == TorchSharp.DeviceType.CPU
            && stride switch { 1 => height * width <= 14 * 14, 2 => (height + 1) / 2 * ((width + 1) / 2) <= 7 * 7, _ => false };
        if (!isProduct)
            return functional.conv2d(input, weight, null, [stride, stride], [padding, padding]);
        Tensor seen = stride == 1 ? input : input.slice(2, 0, height, stride).slice(3, 0, width, stride);
        return functional.linear(seen.permute(0, 2, 3, 1), weight.flatten(1)).permute(0, 3, 1, 2);
    }

    /// <summary>Convolves, then normalizes: the two layers of a shortcut.</summary>
    /// <param name="layers">A convolution and a batch-norm.</param>
    /// <param name="input">As for <see cref="Apply"/>.</param>
    public static Tensor ApplyWithNorm(Sequential layers, Tensor input) =>
        BatchNormalization.Apply((BatchNorm2d)layers[1], Apply((Conv2d)layers[0], input));
}
