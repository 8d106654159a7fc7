using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Diptych.Models;

/// <summary>A small network in front of the loss: features to embeddings, or embeddings to predictions. Thrown away after training.</summary>
public sealed class Projector : Module<Tensor, Tensor>
{
    private readonly Sequential layers;

    /// <summary>Builds a projector with random weights, uniform in ±1/√inputs as torch's linear layers are.</summary>
    /// <param name="features">Length F of an input.</param>
    /// <param name="hidden">Length of a hidden layer.</param>
    /// <param name="embedding">Length D of an output.</param>
    /// <param name="seed">Where the weights start; torch's own generator is not touched.</param>
    /// <param name="kind">Which layers.</param>
    public Projector(int features, int hidden, int embedding, long seed = 0, ProjectorKind kind = ProjectorKind.SimClr) : base(nameof(Projector))
    {
        EmbeddingSize = embedding;
        layers = Sequential(Layers(features, hidden, embedding, kind).Select((layer, i) => ($"{i}", layer)).ToArray());
        RegisterComponents();
        Initialize(seed);
    }

    /// <summary>Length D of an output.</summary>
    public int EmbeddingSize { get; }

    /// <summary>Features to embeddings.</summary>
    /// <param name="input">Features, <c>[N, F]</c>.</param>
    /// <returns>Embeddings, <c>[N, D]</c>, not normalized.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        foreach (Module<Tensor, Tensor> layer in layers.children().Cast<Module<Tensor, Tensor>>())
            input = layer is BatchNorm1d norm ? BatchNormalization.Apply(norm, input) : layer.call(input);
        return input.MoveToOuterDisposeScope();
    }

    // A linear layer before batch-norm needs no bias: it would be subtracted again.
    private static Module<Tensor, Tensor>[] Layers(int features, int hidden, int embedding, ProjectorKind kind) => kind switch
    {
        ProjectorKind.MoCo => [Linear(features, hidden), ReLU(inplace: true), Linear(hidden, embedding)],
        ProjectorKind.NnClr =>
        [
            Linear(features, hidden, hasBias: false), BatchNorm1d(hidden), ReLU(inplace: true),
            Linear(hidden, hidden, hasBias: false), BatchNorm1d(hidden), ReLU(inplace: true),
            Linear(hidden, embedding, hasBias: false), BatchNorm1d(embedding),
        ],
        _ => [Linear(features, hidden, hasBias: false), BatchNorm1d(hidden), ReLU(inplace: true), Linear(hidden, embedding)],
    };

    private void Initialize(long seed)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (Linear layer in layers.children().OfType<Linear>())
        {
            double bound = 1 / Math.Sqrt(layer.in_features);
            foreach (Parameter parameter in layer.parameters())
                parameter.copy_(rand(parameter.shape, generator: generator).Times_(2 * bound).Minus_(bound));
        }
    }
}
