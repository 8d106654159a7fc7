using Diptych.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Stochastic gradient descent with momentum: v ← μ·v + g + λ·w, then w ← w − rate·v.</summary>
/// <remarks>With Nesterov's momentum w moves by g + λ·w + μ·v instead, as in PyTorch. Source: Sutskever et al., ICML 2013.</remarks>
public sealed class Sgd : Optimizer
{
    private readonly double _momentum;
    private readonly bool _isNesterov;

    /// <summary>Takes over the parameters of the method that ask for a gradient.</summary>
    /// <param name="method">Whose parameters to train.</param>
    /// <param name="momentum">Share μ of the last update that is kept, in [0, 1).</param>
    /// <param name="weightDecay">Pull λ of weights towards zero, ≥ 0.</param>
    /// <param name="isNesterov">Whether to look one step ahead.</param>
    public Sgd(IMethod method, double momentum, double weightDecay, bool isNesterov = false) : base(method, weightDecay, "momentum") =>
        (_momentum, _isNesterov) = (momentum, isNesterov);

    /// <summary>Takes over the parameters of networks.</summary>
    /// <param name="networks">Whose parameters to train, by name.</param>
    /// <param name="momentum">Share μ of the last update that is kept, in [0, 1).</param>
    /// <param name="weightDecay">Pull λ of weights towards zero, ≥ 0.</param>
    /// <param name="rateShare">What the learning rate is multiplied by for a parameter, by its name <c>NETWORK.PARAMETER</c>; null for 1.</param>
    public Sgd(IEnumerable<(string Name, nn.Module Module)> networks, double momentum, double weightDecay, Func<string, double>? rateShare) : base(networks, weightDecay, rateShare, "momentum") =>
        _momentum = momentum;

    // On a CPU in one pass over memory; libtorch's operations take four.
    private protected override void UpdateAll(IReadOnlyList<(Slot Slot, Tensor Gradient, double LearningRate)> slots)
    {
        var pass = new SgdPass((float)_momentum, _isNesterov);
        foreach (var (slot, gradient, learningRate) in slots)
        {
            if (!pass.TryAdd(slot.Parameter, gradient, slot.State[0], slot.IsExcluded ? 0 : (float)WeightDecay, (float)learningRate))
                Update(slot, gradient, learningRate);
        }
        pass.Run();
    }

    private protected override void Update(Slot slot, Tensor gradient, double learningRate)
    {
        using Scalar decay = WeightDecay.ToScalar(), momentum = _momentum.ToScalar(), rate = (-learningRate).ToScalar();
        if (!slot.IsExcluded && WeightDecay > 0)
            gradient = gradient.add(slot.Parameter, alpha: decay);
        Tensor velocity = slot.State[0].mul_(momentum).Plus_(gradient);
        slot.Parameter.add_(_isNesterov ? gradient.add(velocity, alpha: momentum) : velocity, alpha: rate);
    }
}
