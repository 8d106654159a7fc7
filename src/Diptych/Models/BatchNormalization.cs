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
    public static Tensor Apply(NormBase layer, Tensor input)
    {
        if (layer.training)
        {
            using var noGradient = no_grad();
            layer.num_batches_tracked!.add_(Arithmetic.One, Arithmetic.One);
        }
        return functional.batch_norm(input, layer.running_mean, layer.running_var, layer.weight, layer.bias, layer.training, layer.momentum ?? 0.1, layer.eps);
    }
}
