using Diptych.Losses;
using Diptych.Models;
using static TorchSharp.torch;

namespace Diptych.Methods;

/// <summary>Both views of the batch go through one encoder and projector; the negatives are the batch's other images.</summary>
/// <remarks>Source: Chen et al., arXiv 2002.05709. Batch-norm sees both views as one batch of 2N.</remarks>
public sealed class SimClr : IMethod
{
    private readonly ContrastiveLoss _loss;

    /// <summary>Puts the parts together; the method owns the networks from then on.</summary>
    /// <param name="encoder">Images to features.</param>
    /// <param name="projector">Features to embeddings.</param>
    /// <param name="loss">Which loss judges the embeddings.</param>
    public SimClr(ResNet encoder, Projector projector, ContrastiveLoss loss)
    {
        (Encoder, Projector, _loss) = (encoder, projector, loss);
        Networks = [("encoder", encoder), ("projector", projector)];
    }

    /// <inheritdoc/>
    public ResNet Encoder { get; }

    /// <summary>Features to embeddings.</summary>
    public Projector Projector { get; }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, nn.Module Module)> Networks { get; }

    /// <inheritdoc/>
    public LossValue ComputeLoss(Tensor views)
    {
        Tensor embeddings = Projector.call(Encoder.call(views)); // [2N, D]
        Tensor[] halves = embeddings.chunk(2);
        return _loss.TwoViews(halves[0], halves[1]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Encoder.Dispose();
        Projector.Dispose();
    }
}
