using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Diptych.Models;

/// <summary>Convolutions in the type of their input, whatever the type of their weights.</summary>
/// <remarks>Weights stay float32, and so do their gradients: the cast is part of the graph. TorchSharp has no autocast.</remarks>
internal static class Convolution
{
    /// <summary>Convolves.</summary>
    /// <param name="layer">Its weights, stride and padding; without bias or dilation.</param>
    /// <param name="input"><c>[N, C, H, W]</c>, float32 or bfloat16.</param>
    public static Tensor Apply(Conv2d layer, Tensor input) => input.dtype == layer.weight.dtype
        ? layer.call(input)
        : functional.conv2d(input, layer.weight.to_type(input.dtype), null, layer.stride, layer.padding);

    /// <summary>Convolves, then normalizes: the two layers of a shortcut.</summary>
    /// <param name="layers">A convolution and a batch-norm.</param>
    /// <param name="input">As for <see cref="Apply"/>.</param>
    public static Tensor ApplyWithNorm(Sequential layers, Tensor input) =>
        BatchNormalization.Apply((BatchNorm2d)layers[1], Apply((Conv2d)layers[0], input));
}
