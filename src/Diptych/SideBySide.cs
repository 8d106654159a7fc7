using static TorchSharp.torch;

namespace Diptych;

/// <summary>Tensors as parts of one, so that one operation does for all of them.</summary>
internal static class SideBySide
{
    /// <summary>Moves tensors into the memory of one: each stays what it is, with its numbers, and becomes a part of it.</summary>
    /// <param name="tensors">Of one type and device.</param>
    /// <returns>Their numbers one after the other, <c>[P]</c>; of four dimensions in the order of channels-last memory.</returns>
    public static Tensor Join(IReadOnlyList<Tensor> tensors)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor all = Numbers(tensors);
        long offset = 0;
        foreach (Tensor tensor in tensors)
        {
            Tensor part = all.narrow(0, offset, tensor.numel());
            // A kernel of one pixel has the same order either way, and the strides that networks give it.
            tensor.set_(tensor.shape is [var outputs, var inputs, var height, var width] && height * width > 1 ? part.view(outputs, height, width, inputs).permute(0, 3, 1, 2) : part.view(tensor.shape));
            offset += tensor.numel();
        }
        return all.MoveToOuterDisposeScope();
    }

    /// <summary>A copy of the numbers of tensors, in the order of <see cref="Join"/>.</summary>
    public static Tensor Numbers(IEnumerable<Tensor> tensors) => cat([.. tensors.Select(tensor => ChannelsLast.InMemoryOrder(tensor).flatten())], dim: 0);
}
