using Diptych.Losses;
using Diptych.Models;
using static TorchSharp.torch;

namespace Diptych.Methods;

/// <summary>Each anchor is the nearest neighbour, among earlier embeddings, of one view's embedding; candidates are predictions from the other view.</summary>
/// <remarks>
/// Source: Dwibedi et al., arXiv 2104.14548, section 3. No gradient passes through the neighbours; both directions are averaged;
/// after the loss the first view's embeddings enter the support set. Batch-norm sees both views as one batch of 2N.
/// </remarks>
public sealed class NnClr : IMethod
{
    private const int BlockRows = 256;

    /// <summary>Puts the parts together; the method owns the networks from then on.</summary>
    /// <param name="encoder">Images to features.</param>
    /// <param name="projector">Features to embeddings.</param>
    /// <param name="predictor">Embeddings to the neighbours' embeddings.</param>
    /// <param name="supportSet">Embeddings among which neighbours are sought, ≥ 1.</param>
    public NnClr(ResNet encoder, Projector projector, Projector predictor, int supportSet)
    {
        (Encoder, Projector, Predictor) = (encoder, projector, predictor);
        SupportSet = new EmbeddingRing("support-set", supportSet, projector.EmbeddingSize);
        Networks = [("encoder", encoder), ("projector", projector), ("predictor", predictor), ("support-set", SupportSet)];
    }

    /// <inheritdoc/>
    public ResNet Encoder { get; }

    /// <summary>Features to embeddings.</summary>
    public Projector Projector { get; }

    /// <summary>Embeddings to predictions.</summary>
    public Projector Predictor { get; }

    /// <summary>Where neighbours are sought.</summary>
    public EmbeddingRing SupportSet { get; }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, nn.Module Module)> Networks { get; }

    /// <inheritdoc/>
    public int ImagesWanted => SupportSet.Size;

    /// <inheritdoc/>
    public void Fill(Tensor views, IReadOnlyList<int> images)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Remember(Embed(views).Rows, [], images);
    }

    /// <summary>Runs encoder, projector and predictor.</summary>
    /// <param name="views">As in <see cref="IMethod.Embed"/>.</param>
    /// <returns>Rows: predictions of both views, then embeddings of both views.</returns>
    public TrainedEmbeddings Embed(Tensor views)
    {
        Tensor features = Encoder.call(views);              // [2N, F]
        Tensor embeddings = Projector.call(features);       // [2N, D]
        return new TrainedEmbeddings(features, [.. Predictor.call(embeddings).chunk(2), .. embeddings.detach().chunk(2)]);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> EmbedTargets(Tensor views) => [];

    /// <inheritdoc/>
    public IReadOnlyList<LossValue> Compare(IReadOnlyList<Tensor> rows, IReadOnlyList<Tensor> targets, IReadOnlyList<int> images, ContrastiveLoss loss, IReadOnlyList<int>? labels = null)
    {
        KnownMethod.RequireNoLabels(labels);
        using var scope = NewDisposeScope();
        return
        [
            loss.CrossView(Neighbours(rows[2]), rows[1]).MoveToOuterDisposeScope(),
            loss.CrossView(Neighbours(rows[3]), rows[0]).MoveToOuterDisposeScope(),
        ];
    }

    /// <inheritdoc/>
    public void Remember(IReadOnlyList<Tensor> rows, IReadOnlyList<Tensor> targets, IReadOnlyList<int> images) => SupportSet.Add(rows[2], images);

    /// <inheritdoc/>
    public void FollowStep() { }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, module) in Networks)
            module.Dispose();
    }

    // Only the order of similarities counts, so the embeddings need no scaling. Blocks bound the memory: [256, K] at a time.
    private Tensor Neighbours(Tensor embeddings)
    {
        using var noGradient = no_grad();
        Tensor pool = SupportSet.Filled();                  // [K, D]
        Tensor[] nearest = embeddings.to_type(pool.dtype).split(BlockRows).Select(block => mm(block, pool.t()).argmax(1)).ToArray();
        return pool[cat(nearest, dim: 0)];                  // [N, D]
    }
}
