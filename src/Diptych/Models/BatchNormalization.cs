using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Diptych.Models;

/// <summary>Batch-norm as its layer computes it, with every number held while native code reads it.</summary>
/// <remarks>
/// The layer's own forward counts batches by a scalar that nothing holds: a garbage collection by another thread may free it within the call,
/// which then fails ("argument alpha must not be a floating point number") or counts wrongly.
/// </remarks>
internal static class BatchNormalization
{
    /// <summary>Normalizes, and updates running statistics and their count while the layer trains.</summary>
    /// <param name="layer">The batch-norm.</param>
    /// <param name="input"><c>[N, C]</c> or <c>[N, C, H, W]</c>.</param>
    public static Tensor Apply(NormBase layer, Tensor input) => Apply(layer, input, null, hasRelu: false);

    /// <summary>Normalizes, adds a shortcut where there is one, then ReLU.</summary>
    /// <param name="layer">The batch-norm.</param>
    /// <param name="input"><c>[N, C, H, W]</c></param>
    /// <param name="shortcut">The same shape and type.</param>
    public static Tensor ApplyWithRelu(NormBase layer, Tensor input, Tensor? shortcut = null) => Apply(layer, input, shortcut, hasRelu: true);

    private static Tensor Apply(NormBase layer, Tensor input, Tensor? shortcut, bool hasRelu)
    {
        if (layer.training)
        {
            using var noGradient = no_grad();
            layer.num_batches_tracked!.add_(Arithmetic.One, Arithmetic.One);
        }
        if (CanBeFused(layer, input) && (shortcut is null || (shortcut.dtype == input.dtype && shortcut.shape.SequenceEqual(input.shape) && ChannelsLast.IsDense(shortcut))))
        {
            bool isShort = input.dtype == ScalarType.BFloat16;
            if (layer.training)
                return isShort ? FusedBatchNorm<Bfloat16Values>.Train(layer, input, shortcut, hasRelu) : FusedBatchNorm<FloatValues>.Train(layer, input, shortcut, hasRelu);
            if (!is_grad_enabled())
                return isShort ? FusedBatchNorm<Bfloat16Values>.Evaluate(layer, input, shortcut, hasRelu) : FusedBatchNorm<FloatValues>.Evaluate(layer, input, shortcut, hasRelu);
        }
        Tensor output = functional.batch_norm(input, layer.running_mean, layer.running_var, layer.weight, layer.bias, layer.training, layer.momentum ?? 0.1, layer.eps);
        if (shortcut is not null)
            output.Plus_(shortcut);
        return hasRelu ? output.relu_() : output;
    }

    private static bool CanBeFused(NormBase layer, Tensor input) =>
        input.device_type == DeviceType.CPU && input.dim() == 4 && input.shape[1] % NormRows<FloatValues>.Unit == 0 && input.numel() > input.shape[1]
        && input.dtype is ScalarType.BFloat16 or ScalarType.Float32 && layer.weight is { dtype: ScalarType.Float32 } && layer.running_mean is not null && ChannelsLast.IsDense(input);
}
