using Diptych.Losses;
using Diptych.Models;
using static TorchSharp.torch;

namespace Diptych.Methods;

/// <summary>Both views of the batch go through one encoder and projector; the negatives are the batch's other images.</summary>
/// <remarks>Source: Chen et al., arXiv 2002.05709; with labels, Khosla et al., arXiv 2004.11362. Batch-norm sees both views as one batch of 2N.</remarks>
public sealed class SimClr : IMethod
{
    /// <summary>Puts the parts together; the method owns the networks from then on.</summary>
    /// <param name="encoder">Images to features.</param>
    /// <param name="projector">Features to embeddings.</param>
    public SimClr(ResNet encoder, Projector projector)
    {
        (Encoder, Projector) = (encoder, projector);
        Networks = [("encoder", encoder), ("projector", projector)];
    }

    /// <inheritdoc/>
    public ResNet Encoder { get; }

    /// <summary>Features to embeddings.</summary>
    public Projector Projector { get; }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, nn.Module Module)> Networks { get; }

    /// <inheritdoc/>
    public int ImagesWanted => 0;

    /// <inheritdoc/>
    public void Fill(Tensor views, IReadOnlyList<int> images) { }

    /// <inheritdoc/>
    public TrainedEmbeddings Embed(Tensor views)
    {
        Tensor features = Encoder.call(views); // [2N, F]
        return new TrainedEmbeddings(features, Projector.call(features).chunk(2));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> EmbedTargets(Tensor views) => [];

    /// <inheritdoc/>
    public IReadOnlyList<LossValue> Compare(IReadOnlyList<Tensor> rows, IReadOnlyList<Tensor> targets, IReadOnlyList<int> images, ContrastiveLoss loss, IReadOnlyList<int>? labels = null) =>
        [labels is null ? loss.TwoViews(rows[0], rows[1]) : loss.SupervisedTwoViews(rows[0], rows[1], labels)];

    /// <inheritdoc/>
    public void Remember(IReadOnlyList<Tensor> rows, IReadOnlyList<Tensor> targets, IReadOnlyList<int> images) { }

    /// <inheritdoc/>
    public void FollowStep() { }

    /// <inheritdoc/>
    public void Dispose()
    {
        Encoder.Dispose();
        Projector.Dispose();
    }
}
