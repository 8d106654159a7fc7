using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Diptych.Models;

/// <summary>Batch-norm with the shortcut and the ReLU that follow it, in about half the passes over memory that libtorch's operations take one by one.</summary>
/// <remarks>Inputs lie on the CPU, channels-last in memory; their channels are a multiple of <see cref="NormRows{TValues}.Unit"/>. The layer has float32 weights.</remarks>
/// <typeparam name="TValues">Type of input, shortcut and output.</typeparam>
internal sealed unsafe class FusedBatchNorm<TValues> : autograd.SingleTensorFunction<FusedBatchNorm<TValues>> where TValues : struct, IRowValues
{
    /// <inheritdoc/>
    public override string Name => nameof(FusedBatchNorm<>);

    /// <summary>Normalizes by the batch's statistics, and updates the running ones.</summary>
    /// <param name="layer">The batch-norm.</param>
    /// <param name="input"><c>[N, C, H, W]</c></param>
    /// <param name="shortcut">The same, or null where none is added.</param>
    /// <param name="hasRelu">Whether ReLU follows; it always does behind a shortcut.</param>
    public static Tensor Train(NormBase layer, Tensor input, Tensor? shortcut, bool hasRelu)
    {
        Backpropagation.OfThread.Release();
        // TorchSharp makes a tensor like the output that nothing needs, and holds the output itself: with a scope they go at once.
        using var scope = NewDisposeScope();
        return apply(input, layer.weight!, layer.bias!, shortcut!, layer, hasRelu).MoveToOuterDisposeScope();
    }

    /// <summary>Normalizes by the running statistics, without a gradient.</summary>
    /// <inheritdoc cref="Train"/>
    public static Tensor Evaluate(NormBase layer, Tensor input, Tensor? shortcut, bool hasRelu)
    {
        int channels = (int)input.shape[1];
        var columns = new NormColumns(channels);
        Span<float> mean = Values(layer.running_mean!), variance = Values(layer.running_var!), gamma = Values(layer.weight!), beta = Values(layer.bias!);
        for (int k = 0; k < channels; k++)
        {
            int c = TValues.Column(k);
            columns.Set(k, mean[c], Math.Sqrt(variance[c] + layer.eps), gamma[c], beta[c]);
        }
        return Apply(input, shortcut, columns, hasRelu);
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext context, params object[] inputs)
    {
        var (input, weight, bias, shortcut, layer, hasRelu) = ((Tensor)inputs[0], (Tensor)inputs[1], (Tensor)inputs[2], inputs[3] as Tensor, (NormBase)inputs[4], (bool)inputs[5]);
        int channels = (int)input.shape[1];
        long rows = input.numel() / channels;
        double[] mean = new double[channels], variance = new double[channels];
        NormRows<TValues>.Moments(ChannelsLast.Address(input), rows, mean, variance);
        var columns = new NormColumns(channels);
        Span<float> gamma = Values(weight), beta = Values(bias), runningMean = Values(layer.running_mean!), runningVariance = Values(layer.running_var!);
        double momentum = layer.momentum ?? 0.1;
        for (int k = 0; k < channels; k++)
        {
            int c = TValues.Column(k);
            columns.Set(k, mean[k], Math.Sqrt(variance[k] + layer.eps), gamma[c], beta[c]);
            runningMean[c] = (float)((1 - momentum) * runningMean[c] + momentum * mean[k]);
            runningVariance[c] = (float)((1 - momentum) * runningVariance[c] + momentum * variance[k] * rows / (rows - 1));
        }
        Tensor output = Apply(input, shortcut, columns, hasRelu);
        context.save_data(nameof(NormColumns), (columns, hasRelu));
        Backpropagation.OfThread.KeepIn(context);
        context.save_for_backward([input, shortcut is null ? null! : output]);
        context.set_materialize_grads(false);
        return output;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient) => Backpropagation.KeptIn(context).HandOver(6, () =>
    {
        if (gradient.IsInvalid)
            return null;
        List<Tensor> saved = context.get_saved_variables();
        var (input, output) = (saved[0], saved[1]);
        var (columns, hasRelu) = ((NormColumns, bool))context.get_data(nameof(NormColumns));
        int channels = (int)input.shape[1];
        long rows = input.numel() / channels;
        Tensor dense = ChannelsLast.Of(gradient);
        Tensor? ofShortcut = output is null ? null : empty_like(input);
        byte* inputs = ChannelsLast.Address(input), slopes = ChannelsLast.Address(dense), outputs = output is null ? null : ChannelsLast.Address(output), shortcuts = ofShortcut is null ? null : ChannelsLast.Address(ofShortcut);
        double[] sums = new double[channels], products = new double[channels];
        NormRows<TValues>.GradientSums(inputs, outputs, slopes, rows, columns.Scale, columns.Offset, columns.Mean, hasRelu, sums, products);

        // With x̂ = (x − mean) / deviation: dL/dx = scale · (g − Σg/R − x̂ · Σ(g·x̂)/R).
        Tensor ofInput = empty_like(input), ofWeight = empty(channels), ofBias = empty(channels);
        Span<float> weights = Values(ofWeight), biases = Values(ofBias);
        float[] slope = new float[channels], rest = new float[channels];
        for (int k = 0; k < channels; k++)
        {
            int c = TValues.Column(k);
            double deviation = columns.Deviation[k], ofProduct = -columns.Scale[k] * products[k] / (deviation * deviation * rows);
            weights[c] = (float)(products[k] / deviation);
            biases[c] = (float)sums[k];
            slope[k] = (float)ofProduct;
            rest[k] = (float)(-columns.Scale[k] * sums[k] / rows - ofProduct * columns.Mean[k]);
        }
        NormRows<TValues>.InputGradient(inputs, outputs, slopes, ChannelsLast.Address(ofInput), shortcuts, rows, columns.Scale, columns.Offset, slope, rest, hasRelu);
        gradient.Dispose();
        return [ofInput, ofWeight, ofBias, ofShortcut!, null!, null!];
    });

    private static Tensor Apply(Tensor input, Tensor? shortcut, NormColumns columns, bool hasRelu)
    {
        Tensor output = empty_like(input);
        NormRows<TValues>.Apply(ChannelsLast.Address(input), shortcut is null ? null : ChannelsLast.Address(shortcut), ChannelsLast.Address(output), input.numel() / input.shape[1], columns.Scale, columns.Offset, hasRelu);
        GC.KeepAlive(input);
        GC.KeepAlive(shortcut);
        return output;
    }

    private static Span<float> Values(Tensor column) => MemoryMarshal.Cast<byte, float>(column.bytes);
}
