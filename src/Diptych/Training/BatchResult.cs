using Diptych.Losses;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>What a batch gave besides its gradient.</summary>
/// <param name="Directions">The loss of each direction.</param>
/// <param name="Features">The encoder's features, <c>[V, F]</c>.</param>
/// <param name="Rows">As <see cref="Methods.IMethod.Remember"/> takes them.</param>
/// <param name="Targets">As <see cref="Methods.IMethod.Remember"/> takes them.</param>
internal sealed record BatchResult(IReadOnlyList<LossValue> Directions, Tensor Features, IReadOnlyList<Tensor> Rows, IReadOnlyList<Tensor> Targets);
