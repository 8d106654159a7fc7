using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Diptych.Models;

/// <summary>The small network between features and loss: linear, batch-norm, ReLU, linear. Thrown away after training.</summary>
/// <remarks>Source: Chen et al. (SimCLR), arXiv 2002.05709, section 4.2.</remarks>
public sealed class Projector : Module<Tensor, Tensor>
{
    private readonly Sequential layers;

    /// <summary>Builds a projector with random weights, drawn from torch's generator.</summary>
    /// <param name="features">Length F of a feature vector.</param>
    /// <param name="hidden">Length of the hidden layer.</param>
    /// <param name="embedding">Length D of an embedding.</param>
    public Projector(int features, int hidden, int embedding) : base(nameof(Projector))
    {
        layers = Sequential(
            ("0", Linear(features, hidden, hasBias: false)),
            ("1", BatchNorm1d(hidden)),
            ("2", ReLU(inplace: true)),
            ("3", Linear(hidden, embedding)));
        RegisterComponents();
    }

    /// <summary>Features to embeddings.</summary>
    /// <param name="input">Features, <c>[N, F]</c>.</param>
    /// <returns>Embeddings, <c>[N, D]</c>, not normalized.</returns>
    public override Tensor forward(Tensor input) => layers.call(input);
}
