using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Diptych;

/// <summary>Tensors of four dimensions whose channels lie beside each other in memory: <c>[N, C, H, W]</c>, stored as <c>[N, H, W, C]</c>. TorchSharp has no memory formats.</summary>
internal static unsafe class ChannelsLast
{
    /// <summary>The same numbers, laid out so.</summary>
    /// <param name="images"><c>[N, C, H, W]</c></param>
    /// <returns>Itself where it is.</returns>
    public static Tensor Of(Tensor images) => InMemoryOrder(images).contiguous().permute(0, 3, 1, 2);

    /// <summary>Its dimensions in the order of its memory: <c>[N, H, W, C]</c> of <c>[N, C, H, W]</c>, and any other shape as it is.</summary>
    public static Tensor InMemoryOrder(Tensor values) => values.dim() == 4 ? values.permute(0, 2, 3, 1) : values;

    /// <summary>Whether it is laid out so, without gaps; of another number of dimensions, whether it is contiguous.</summary>
    public static bool IsDense(Tensor values)
    {
        using var scope = NewDisposeScope();
        return InMemoryOrder(values).is_contiguous();
    }

    /// <summary>Where its numbers begin: on the CPU, and dense as by <see cref="IsDense"/>.</summary>
    public static byte* Address(Tensor values)
    {
        using var scope = NewDisposeScope();
        // Of its first part only: a span has no more than 2 GiB.
        return (byte*)Unsafe.AsPointer(ref InMemoryOrder(values).narrow(0, 0, 1).bytes[0]);
    }
}
