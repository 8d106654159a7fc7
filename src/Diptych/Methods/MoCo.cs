using Diptych.Losses;
using Diptych.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Diptych.Methods;

/// <summary>Anchors come from the trained networks, positives from their slow copies; the negatives are a queue of earlier positives.</summary>
/// <remarks>
/// Source: He et al., arXiv 1911.05722 (MoCo), and Chen et al., arXiv 2003.04297 (v2: projector and blurred views).
/// An embedding in the queue of an anchor's own image is no negative of it and is left out; the authors' code keeps it, where it is one of
/// 65,536 in one anchor of 800. In a small set with a long queue it would be there for every second anchor when an epoch starts.
/// Each view passes by itself, so that an anchor's batch statistics are not computed from its positive's pixels. The paper also shuffles the
/// images between processes before the slow copies normalize them, lest both see the statistics of the same images. In chunks the copies'
/// are others than the trained networks' (see BatchGradient); a batch in one piece has one group of images, and no such choice.
/// </remarks>
public sealed class MoCo : IMethod
{
    private readonly ResNet _momentumEncoder;
    private readonly Projector _momentumProjector;
    private readonly double _momentum;
    private readonly bool _isSymmetric;
    private Tensor? _slow; // the copies' parameters, side by side
    private Parameter[] _joined = [];

    /// <summary>Puts the parts together; the method owns the networks from then on.</summary>
    /// <param name="encoder">Images to features.</param>
    /// <param name="projector">Features to embeddings.</param>
    /// <param name="momentumEncoder">An encoder of the same shape; becomes a copy of <paramref name="encoder"/>.</param>
    /// <param name="momentumProjector">A projector of the same shape; becomes a copy of <paramref name="projector"/>.</param>
    /// <param name="queue">Embeddings that serve as negatives, ≥ 1.</param>
    /// <param name="momentum">Share of the slow copies that each step retains, in [0, 1].</param>
    /// <param name="isSymmetric">Whether each view is anchor once; both views' positives then enter the queue.</param>
    public MoCo(ResNet encoder, Projector projector, ResNet momentumEncoder, Projector momentumProjector, int queue, double momentum, bool isSymmetric)
    {
        (Encoder, Projector, _momentumEncoder, _momentumProjector) = (encoder, projector, momentumEncoder, momentumProjector);
        (_momentum, _isSymmetric) = (momentum, isSymmetric);
        Queue = new EmbeddingRing("queue", queue, projector.EmbeddingSize);
        Networks =
        [
            ("encoder", encoder), ("projector", projector),
            ("momentum-encoder", momentumEncoder), ("momentum-projector", momentumProjector), ("queue", Queue),
        ];
        using var noGradient = no_grad();
        foreach (var (slow, trained) in Slow().Zip(Trained()))
        {
            slow.requires_grad = false;
            slow.copy_(trained);
        }
    }

    /// <inheritdoc/>
    public ResNet Encoder { get; }

    /// <summary>Features to embeddings.</summary>
    public Projector Projector { get; }

    /// <summary>The negatives.</summary>
    public EmbeddingRing Queue { get; }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, nn.Module Module)> Networks { get; }

    /// <inheritdoc/>
    public int ImagesWanted => Queue.Size;

    /// <inheritdoc/>
    public void Fill(Tensor views, IReadOnlyList<int> images)
    {
        using var scope = NewDisposeScope();
        Remember([], EmbedTargets(views), images);
    }

    /// <inheritdoc/>
    public TrainedEmbeddings Embed(Tensor views)
    {
        Tensor[] features = [.. views.chunk(2).Take(Directions).Select(view => Encoder.call(view))];
        return new TrainedEmbeddings(features.Length == 1 ? features[0] : cat(features, dim: 0), [.. features.Select(own => Projector.call(own))]);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> EmbedTargets(Tensor views)
    {
        using var noGradient = no_grad();
        return [.. views.chunk(2).TakeLast(Directions).Select(view => _momentumProjector.call(_momentumEncoder.call(view)))];
    }

    /// <inheritdoc/>
    public IReadOnlyList<LossValue> Compare(IReadOnlyList<Tensor> rows, IReadOnlyList<Tensor> targets, IReadOnlyList<int> images, ContrastiveLoss loss, IReadOnlyList<int>? labels = null)
    {
        KnownMethod.RequireNoLabels(labels);
        using var scope = NewDisposeScope();
        Tensor queue = Queue.Filled();
        (int, int)[] own = [.. PairsOfOneImage(images)];
        // Of the two views' targets, each anchor meets the other view's.
        return rows.Select((anchor, i) => loss.WithQueue(anchor, targets[targets.Count - 1 - i], queue, own).MoveToOuterDisposeScope()).ToArray();
    }

    /// <inheritdoc/>
    public void Remember(IReadOnlyList<Tensor> rows, IReadOnlyList<Tensor> targets, IReadOnlyList<int> images)
    {
        foreach (Tensor target in targets)
            Queue.Add(target, images);
    }

    /// <inheritdoc/>
    public void FollowStep() => FollowStep(isJoined: Slow()[0].device_type != DeviceType.CPU);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, module) in Networks)
            module.Dispose();
        _slow?.Dispose();
    }

    // A GPU waits for the host to start operations, few of them for all parameters; on a CPU the copy of the trained ones would cost more.
    internal void FollowStep(bool isJoined)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using Scalar kept = _momentum.ToScalar(), added = (1 - _momentum).ToScalar(); // held while the calls run, see Arithmetic
        Parameter[] slow = Slow();
        if (!isJoined)
        {
            foreach (var (own, trained) in slow.Zip(Trained()))
                own.mul_(kept).add_(trained, alpha: added);
            return;
        }
        if (_slow is null || !_joined.SequenceEqual(slow, ReferenceEqualityComparer.Instance)) // moved to another device or type, they are others
        {
            _slow?.Dispose();
            (_slow, _joined) = (SideBySide.Join(slow).DetachFromDisposeScope(), slow);
        }
        _slow.mul_(kept).add_(SideBySide.Numbers(Trained()), alpha: added);
    }

    private int Directions => _isSymmetric ? 2 : 1;

    // An anchor and what the queue remembers of its own image.
    private IEnumerable<(int Anchor, int Queued)> PairsOfOneImage(IReadOnlyList<int> images)
    {
        Dictionary<long, int> anchors = [];
        for (int i = 0; i < images.Count; i++)
            anchors.Add(images[i], i);
        long[] queued = Queue.Images();
        for (int i = 0; i < queued.Length; i++)
        {
            if (anchors.TryGetValue(queued[i], out int anchor))
                yield return (anchor, i);
        }
    }

    private Parameter[] Slow() => [.. _momentumEncoder.parameters(), .. _momentumProjector.parameters()];

    private Parameter[] Trained() => [.. Encoder.parameters(), .. Projector.parameters()];
}
