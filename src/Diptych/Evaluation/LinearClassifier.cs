using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>Features to probabilities of classes: softmax(W·f + b). Its weights belong to the dispose scope it was made in; outside of one, dispose it.</summary>
public sealed class LinearClassifier : IDisposable
{
    /// <summary>Takes over weights.</summary>
    /// <param name="weight"><c>[C, F]</c>.</param>
    /// <param name="bias"><c>[C]</c>.</param>
    public LinearClassifier(Tensor weight, Tensor bias) => (Weight, Bias) = (weight, bias);

    /// <summary>A layer that starts at zero, to be trained.</summary>
    internal static Linear AtZero(long features, long outputs, Device device)
    {
        using var noGradient = no_grad();
        Linear layer = nn.Linear(features, outputs).to(device);
        layer.weight.zero_();
        layer.bias!.zero_();
        return layer;
    }

    /// <summary>A copy of some outputs of a trained layer.</summary>
    internal static LinearClassifier Of(Linear layer, long first, long classes)
    {
        using var noGradient = no_grad();
        return new LinearClassifier(layer.weight.narrow(0, first, classes).clone(), layer.bias!.narrow(0, first, classes).clone());
    }

    /// <summary>W, <c>[C, F]</c>.</summary>
    public Tensor Weight { get; }

    /// <summary>b, <c>[C]</c>.</summary>
    public Tensor Bias { get; }

    /// <summary>Classifies.</summary>
    /// <param name="features"><c>[M, F]</c>.</param>
    /// <returns>Probabilities, <c>[M, C]</c>, float32.</returns>
    public Tensor Probabilities(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return nn.functional.softmax(features.to(ScalarType.Float32).mm(Weight.t()).Plus_(Bias), 1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Weight.Dispose();
        Bias.Dispose();
    }
}
