using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Diptych.Models;

/// <summary>A convolution of few pixels and many channels on a CPU, whose gradient of the weights, or all of it, is computed as products of matrices.</summary>
/// <remarks>Which sums are taken is the same; in bfloat16 each is rounded once, at its end, as by libtorch.</remarks>
internal sealed class ProductConvolution : autograd.SingleTensorFunction<ProductConvolution>
{
    /// <inheritdoc/>
    public override string Name => nameof(ProductConvolution);

    /// <summary>Convolves.</summary>
    /// <param name="input"><c>[N, C, H, W]</c></param>
    /// <param name="weight"><c>[O, C, k, k]</c></param>
    /// <param name="stride">Of the kernel, both ways.</param>
    /// <param name="padding">Zeros on each side, below k.</param>
    /// <param name="isWhole">Whether output and gradient of the input are products too, the latter where the stride is 1.</param>
    /// <returns><c>[N, O, h, w]</c></returns>
    public static Tensor Of(Tensor input, Tensor weight, long stride, long padding, bool isWhole)
    {
        Backpropagation.OfThread.Release();
        using var scope = NewDisposeScope();
        return (is_grad_enabled() ? apply(input, weight, stride, padding, isWhole) : Convolve(input, weight, stride, padding, isWhole)).MoveToOuterDisposeScope();
    }

    /// <summary>Pixels along one side of the output.</summary>
    public static long Side(long input, long kernel, long stride, long padding) => (input + 2 * padding - kernel) / stride + 1;

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext context, params object[] inputs)
    {
        var (input, weight, stride, padding, isWhole) = ((Tensor)inputs[0], (Tensor)inputs[1], (long)inputs[2], (long)inputs[3], (bool)inputs[4]);
        context.save_for_backward([input, weight]);
        context.save_data(nameof(ProductConvolution), (stride, padding, isWhole));
        context.set_materialize_grads(false);
        Backpropagation.OfThread.KeepIn(context);
        return Convolve(input, weight, stride, padding, isWhole);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient) => Backpropagation.KeptIn(context).HandOver(5, () =>
    {
        if (gradient.IsInvalid)
            return null;
        List<Tensor> saved = context.get_saved_variables();
        var (input, weight) = (saved[0], saved[1]);
        var (stride, padding, isWhole) = ((long, long, bool))context.get_data(nameof(ProductConvolution));
        Tensor dense = ChannelsLast.Of(gradient);
        Tensor ofInput = InputGradient(dense, input, weight, stride, padding, isWhole), ofWeight = WeightGradient(dense, input, weight.shape[2], stride, padding);
        gradient.Dispose();
        return [ofInput, ofWeight, null!, null!, null!];
    });

    // Of a convolution of stride 1: the convolution of the gradient with the kernels turned by half a turn.
    private static Tensor InputGradient(Tensor gradient, Tensor input, Tensor weight, long stride, long padding, bool isWhole)
    {
        long kernel = weight.shape[2], height = input.shape[2], width = input.shape[3];
        if (!isWhole || stride != 1)
            return functional.conv_transpose2d(gradient, weight, null, [stride, stride], [padding, padding], [(height + 2 * padding - kernel) % stride, (width + 2 * padding - kernel) % stride]);
        using var scope = NewDisposeScope(); // the copy is the largest of all: it goes before the gradient of the weights makes its own
        Tensor seen = Seen(Padded(gradient, kernel - 1 - padding), 0, kernel, kernel, height, width, stride);
        return seen.mm(weight.permute(2, 3, 0, 1).flip(0, 1).flatten(0, 2)).unflatten(0, [input.shape[0], height, width]).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    private static Tensor Convolve(Tensor input, Tensor weight, long stride, long padding, bool isWhole)
    {
        if (!isWhole)
            return functional.conv2d(input, weight, null, [stride, stride], [padding, padding]);
        long kernel = weight.shape[2], height = Side(input.shape[2], kernel, stride, padding), width = Side(input.shape[3], kernel, stride, padding);
        Tensor seen = Seen(Padded(input, padding), 0, kernel, kernel, height, width, stride);
        return functional.linear(seen, ChannelsLast.InMemoryOrder(weight).flatten(1)).unflatten(0, [input.shape[0], height, width]).permute(0, 3, 1, 2);
    }

    // A product for each row of the kernel: for all at once, the copy of the input would be k times as large, which only few pixels may be.
    private static Tensor WeightGradient(Tensor gradient, Tensor input, long kernel, long stride, long padding)
    {
        Tensor ofPixels = ChannelsLast.InMemoryOrder(gradient).flatten(0, 2).t(), padded = Padded(input, padding); // [O, N·h·w]
        return cat([.. Enumerable.Range(0, (int)kernel).Select(row =>
        {
            using Tensor seen = Seen(padded, row, 1, kernel, gradient.shape[2], gradient.shape[3], stride);
            return ofPixels.mm(seen).unflatten(1, [1, kernel, input.shape[1]]); // [O, 1, k, C]
        })], dim: 1).permute(0, 3, 1, 2);
    }

    // [N, C, H, W] → [N, H, W, C] with zeros around.
    private static Tensor Padded(Tensor images, long padding)
    {
        (long height, long width) = (images.shape[2], images.shape[3]);
        Tensor padded = images.new_zeros([images.shape[0], height + 2 * padding, width + 2 * padding, images.shape[1]]);
        padded.narrow(1, padding, height).narrow(2, padding, width).copy_(ChannelsLast.InMemoryOrder(images));
        return padded;
    }

    // What some rows of the kernel see at each pixel of the output: [N·h·w, rows·k·C].
    private static Tensor Seen(Tensor padded, long firstRow, long rows, long kernel, long height, long width, long stride)
    {
        (long images, long channels, long ofRow) = (padded.shape[0], padded.shape[3], padded.stride(1));
        return padded.as_strided([images, height, width, rows, kernel * channels], [padded.stride(0), stride * ofRow, stride * channels, ofRow, 1], firstRow * ofRow)
            .reshape(images * height * width, rows * kernel * channels);
    }
}
