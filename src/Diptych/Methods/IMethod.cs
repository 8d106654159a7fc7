using Diptych.Losses;
using Diptych.Models;
using static TorchSharp.torch;

namespace Diptych.Methods;

/// <summary>Decides which embeddings meet in the loss.</summary>
public interface IMethod : IDisposable
{
    /// <summary>The encoder being trained.</summary>
    ResNet Encoder { get; }

    /// <summary>Every network that the method owns, by name; their parameters and buffers are its whole state.</summary>
    IReadOnlyList<(string Name, nn.Module Module)> Networks { get; }

    /// <summary>Runs the networks on one batch of views.</summary>
    /// <param name="views">Normalized views, <c>[2N, 3, H, W]</c>: the first view of all N images, then the second.</param>
    /// <returns>The loss, ready for <c>backward</c>, and its diagnostics.</returns>
    LossValue ComputeLoss(Tensor views);
}
