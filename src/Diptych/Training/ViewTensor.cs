using System.Runtime.InteropServices;
using Diptych.Views;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Where pixels become a tensor.</summary>
internal static class ViewTensor
{
    /// <summary>Copies a batch of views out of the loader's memory.</summary>
    /// <param name="batch">Normalized views, <c>[V·N, H, W, C]</c>.</param>
    /// <returns><c>[V·N, C, H, W]</c> in channels-last memory.</returns>
    public static Tensor From(ViewBatch batch)
    {
        Tensor tensor = empty([batch.Views * batch.Count, batch.Size, batch.Size, batch.Channels], dtype: ScalarType.Float32);
        MemoryMarshal.AsBytes(batch.Pixels.AsSpan(0, batch.Length)).CopyTo(tensor.bytes);
        return tensor.permute(0, 3, 1, 2);
    }
}
