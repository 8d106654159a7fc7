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
    /// On a CPU libtorch's products of matrices are faster than its convolutions on small planes. What was measured, forward and backward, with libtorch 2.10 on an AMD EPYC with AVX-512 BF16 and, where AMX is named, an Intel Xeon of two cores:
    /// 1×1, 1.4–1.7 times for 8 images of 7 × 7 pixels and 512 and 2,048 channels, 1.08–1.18 times for 512 of 4 × 4; beyond 14 × 14 the product is the slower.
    /// With every second pixel left out, 1.2 times to 7 × 7 or 4 × 4 pixels, and slower beyond; with Intel's AMX 1.2–2.8 times to 14 × 14.
    /// 3×3, with AMX, 128 and more channels, 8 to 512 images: 1.0–2.0 times to 10 × 10 pixels of output with the gradient of the weights alone as products, 1.3–2.8 times to 5 × 5 with all of it;
    /// beyond, with fewer channels, and without AMX, slower.
    /// </remarks>
    public static Tensor InBfloat16(Tensor input, Tensor weight, long stride, long padding)
    {
        if (input.device_type != TorchSharp.DeviceType.CPU)
            return functional.conv2d(input, weight, null, [stride, stride], [padding, padding]);
        long kernel = weight.shape[2], pixels = ProductConvolution.Side(input.shape[2], kernel, stride, padding) * ProductConvolution.Side(input.shape[3], kernel, stride, padding);
        if (kernel == 1 && padding == 0 && (stride == 1 || (stride == 2 && (Processor.HasTiles || pixels <= 7 * 7))) && pixels <= 14 * 14)
        {
            Tensor seen = stride == 1 ? input : input.slice(2, 0, input.shape[2], stride).slice(3, 0, input.shape[3], stride);
            return functional.linear(ChannelsLast.InMemoryOrder(seen), weight.flatten(1)).permute(0, 3, 1, 2);
        }
        if (Processor.HasTiles && kernel == 3 && padding == 1 && input.shape[1] >= 128 && pixels <= 10 * 10)
            return ProductConvolution.Of(input, weight, stride, padding, isWhole: pixels <= 5 * 5);
        return functional.conv2d(input, weight, null, [stride, stride], [padding, padding]);
    }

    /// <summary>Convolves, then normalizes: the two layers of a shortcut.</summary>
    /// <param name="layers">A convolution and a batch-norm.</param>
    /// <param name="input">As for <see cref="Apply"/>.</param>
    public static Tensor ApplyWithNorm(Sequential layers, Tensor input) =>
        BatchNormalization.Apply((BatchNorm2d)layers[1], Apply((Conv2d)layers[0], input));
}
