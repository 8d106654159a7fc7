using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Diptych.Views;
using Diptych.Views.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Where pixels become a tensor: bytes to (value/255 − mean)/deviation, by the recipe that they were drawn with.</summary>
internal static class ViewTensor
{
    // A few numbers for each recipe and device, sent once: sending waits for the device.
    private static readonly ConcurrentDictionary<(Rgb, Rgb, int, string), (Tensor Full, Tensor Mean, Tensor Deviation)> Columns = new();

    /// <summary>Copies a batch of views out of the loader's memory and normalizes it.</summary>
    /// <param name="batch">Views, <c>[V·N, H, W, C]</c>.</param>
    /// <param name="device">Where to.</param>
    /// <returns><c>[V·N, C, H, W]</c>, float32, in channels-last memory.</returns>
    public static Tensor From(ViewBatch batch, Device device)
    {
        if (device.type != DeviceType.CPU)
            return OnDevice(batch, device);
        using Tensor tensor = empty(ShapeOf(batch), dtype: ScalarType.Float32); // its memory stays the result's
        new Normalizer(batch.Recipe.Mean, batch.Recipe.StandardDeviation, batch.Channels)
            .Apply(batch.Pixels.AsSpan(0, batch.Length), MemoryMarshal.Cast<byte, float>(tensor.bytes));
        return tensor.permute(0, 3, 1, 2);
    }

    /// <summary>Sends the bytes, a quarter of the floats, without waiting for them to arrive, and normalizes them there.</summary>
    /// <inheritdoc cref="From"/>
    internal static Tensor OnDevice(ViewBatch batch, Device device)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor pixels = frombuffer(batch.Pixels, ScalarType.Byte, batch.Length).view(ShapeOf(batch));
        Tensor values = DeviceCopy.Send(pixels, device).to_type(ScalarType.Float32);
        var (full, mean, deviation) = Columns.GetOrAdd((batch.Recipe.Mean, batch.Recipe.StandardDeviation, batch.Channels, device.ToString()), _ => (Column(_ => 255), Column(c => batch.Recipe.Mean[c]), Column(c => batch.Recipe.StandardDeviation[c])));
        // Divided by tensors: by a number, CUDA's kernels multiply with its reciprocal, which rounds differently.
        return values.div_(full).sub_(mean).div_(deviation).permute(0, 3, 1, 2).MoveToOuterDisposeScope();

        Tensor Column(Func<int, float> value) => tensor([.. Enumerable.Range(0, batch.Channels).Select(value)]).to(device).DetachFromDisposeScope(); // [C]
    }

    private static long[] ShapeOf(ViewBatch batch) => [batch.Views * batch.Count, batch.Size, batch.Size, batch.Channels];
}
