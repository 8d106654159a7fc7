using static TorchSharp.torch;

namespace Diptych.Methods;

/// <summary>What the trained networks made of a batch of views.</summary>
/// <param name="Features">The encoder's output, <c>[V, F]</c>, V views.</param>
/// <param name="Rows">What the loss compares, each <c>[N, D]</c> in the order of the images, with its gradient.</param>
public sealed record TrainedEmbeddings(Tensor Features, IReadOnlyList<Tensor> Rows);
