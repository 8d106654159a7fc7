using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Diptych.Models;

/// <summary>The small network between features and loss: linear, batch-norm, ReLU, linear. Thrown away after training.</summary>
/// <remarks>Source: Chen et al. (SimCLR), arXiv 2002.05709, section 4.2.</remarks>
public sealed class Projector : Module<Tensor, Tensor>
{
    private readonly Sequential layers;

    /// <summary>Builds a projector with random weights, uniform in ±1/√inputs as torch's linear layers are.</summary>
    /// <param name="features">Length F of a feature vector.</param>
    /// <param name="hidden">Length of the hidden layer.</param>
    /// <param name="embedding">Length D of an embedding.</param>
    /// <param name="seed">Where the weights start; torch's own generator is not touched.</param>
    public Projector(int features, int hidden, int embedding, long seed = 0) : base(nameof(Projector))
    {
        layers = Sequential(
            ("0", Linear(features, hidden, hasBias: false)),
            ("1", BatchNorm1d(hidden)),
            ("2", ReLU(inplace: true)),
            ("3", Linear(hidden, embedding)));
        RegisterComponents();
        Initialize(seed);
    }

    /// <summary>Features to embeddings.</summary>
    /// <param name="input">Features, <c>[N, F]</c>.</param>
    /// <returns>Embeddings, <c>[N, D]</c>, not normalized.</returns>
    public override Tensor forward(Tensor input) => layers.call(input);

    private void Initialize(long seed)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (Linear layer in layers.children().OfType<Linear>())
        {
            double bound = 1 / Math.Sqrt(layer.in_features);
            foreach (Parameter parameter in layer.parameters())
                parameter.copy_(rand(parameter.shape, generator: generator).mul_(2 * bound).sub_(bound));
        }
    }
}
