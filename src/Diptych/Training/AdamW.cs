using Diptych.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Adam with weight decay apart from the gradient.</summary>
/// <remarks>Source: Loshchilov and Hutter, arXiv 1711.05101, algorithm 2, with decay scaled by the learning rate as in PyTorch; β = 0.9 and 0.999, ε = 1e-8.</remarks>
public sealed class AdamW : Optimizer
{
    private const double MeanShare = 0.9, SquareShare = 0.999, Epsilon = 1e-8;

    /// <summary>Takes over the parameters of the method that ask for a gradient.</summary>
    /// <param name="method">Whose parameters to train.</param>
    /// <param name="weightDecay">Pull of weights towards zero, ≥ 0.</param>
    public AdamW(IMethod method, double weightDecay) : base(method, weightDecay, "mean", "square") { }

    private protected override void Update(Slot slot, Tensor gradient, double learningRate)
    {
        double meanScale = 1 - Math.Pow(MeanShare, Steps + 1), squareScale = 1 - Math.Pow(SquareShare, Steps + 1);
        using Scalar kept = (1 - learningRate * WeightDecay).ToScalar(), rate = (-learningRate / meanScale).ToScalar(), root = Math.Sqrt(squareScale).ToScalar(), epsilon = Epsilon.ToScalar();
        using Scalar meanKept = MeanShare.ToScalar(), meanAdded = (1 - MeanShare).ToScalar(), squareKept = SquareShare.ToScalar(), squareAdded = (1 - SquareShare).ToScalar();
        if (!slot.IsExcluded)
            slot.Parameter.mul_(kept);
        Tensor mean = slot.State[0].mul_(meanKept).add_(gradient, alpha: meanAdded);
        Tensor square = slot.State[1].mul_(squareKept).addcmul_(gradient, gradient, squareAdded);
        Tensor length = square.sqrt().div_(root).add_(epsilon, Arithmetic.One);
        slot.Parameter.addcdiv_(mean, length, rate);
    }
}
