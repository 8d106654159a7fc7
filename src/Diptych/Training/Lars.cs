using Diptych.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Layer-wise adaptive rates, for large batches: each layer's step is in proportion to the length of its weights.</summary>
/// <remarks>
/// v ← μ·v + rate·a·(g + λ·w), then w ← w − v, with a = η·‖w‖ / (‖g‖ + λ·‖w‖). Source: You et al., arXiv 1708.03888, algorithm 1.
/// Biases and batch-norm are neither decayed nor adapted (a = 1), as in SimCLR, arXiv 2002.05709.
/// </remarks>
public sealed class Lars : Optimizer
{
    private const double TrustCoefficient = 0.001;
    private readonly double _momentum;

    /// <inheritdoc cref="Sgd(IMethod, double, double, bool)"/>
    public Lars(IMethod method, double momentum, double weightDecay) : base(method, weightDecay, "momentum") => _momentum = momentum;

    private protected override bool IsElementwise => false;

    private protected override void Update(Slot slot, Tensor gradient, double learningRate)
    {
        using Scalar decay = WeightDecay.ToScalar(), momentum = _momentum.ToScalar(), usual = learningRate.ToScalar(), trust = TrustCoefficient.ToScalar();
        Tensor velocity = slot.State[0].mul_(momentum);
        if (slot.IsExcluded)
        {
            velocity.add_(gradient, alpha: usual);
        }
        else
        {
            Tensor weights = slot.Parameter.norm(), slope = gradient.norm();
            Tensor adapted = trust * weights / slope.Plus(decay * weights);
            // Weights or gradients of length 0 say nothing about a good rate: they take the usual one.
            Tensor rate = usual * where(weights.IsAbove(0) & slope.IsAbove(0), adapted, ones_like(adapted));
            velocity.Plus_(gradient.add(slot.Parameter, alpha: decay).mul_(rate));
        }
        slot.Parameter.sub_(velocity);
    }
}
