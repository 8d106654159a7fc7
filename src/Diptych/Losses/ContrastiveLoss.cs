using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>Turns embeddings into one number that is small when the two views of an image agree and other images differ.</summary>
/// <remarks>
/// For an anchor with similarity s⁺ to its positive, temperature t and U = Σ e^{s/t} over its negatives:
/// <list type="table">
/// <item><term>infonce</term><description>−s⁺/t + log(e^{s⁺/t} + U)</description></item>
/// <item><term>dcl</term><description>−s⁺/t + log U</description></item>
/// <item><term>dclw</term><description>−w·s⁺/t + log U, with w = 2 − e^{s⁺/σ} / mean over the batch of e^{s⁺/σ}</description></item>
/// </list>
/// The value is the mean over all anchors. For dcl and dclw it may be negative; that is normal.
/// Source: Yeh et al., "Decoupled Contrastive Learning", arXiv 2110.06848v3, sections 3.1 to 3.3.
/// </remarks>
public sealed record ContrastiveLoss
{
    private const double DefaultSigma = 0.5;

    private ContrastiveLoss(string name, double temperature, double sigma = DefaultSigma, bool detachWeights = true)
    {
        string[] mistakes = [.. MistakeIn("temperature", temperature), .. MistakeIn("sigma", sigma)];
        if (mistakes.Length > 0)
            throw new ArgumentException(string.Join(Environment.NewLine, mistakes));
        (Name, Temperature, Sigma, DetachWeights) = (name, temperature, sigma, detachWeights);
    }

    /// <summary>The losses there are, with a line on each.</summary>
    public static IReadOnlyList<(string Name, string Description)> All { get; } =
    [
        ("infonce", "the usual one: the positive stands in the denominator too"),
        ("dcl", "decoupled: InfoNCE without the positive in its denominator (arXiv 2110.06848)"),
        ("dclw", "dcl that pulls harder on positives that are far apart (arXiv 2110.06848)"),
    ];

    /// <summary>The names that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(loss => loss.Name)];

    /// <summary>One of <see cref="Names"/>.</summary>
    public string Name { get; }

    /// <summary>Divides similarities; above 0. A schedule sets it by <c>loss with { Temperature = … }</c>, which costs nothing.</summary>
    public double Temperature { get; init => field = Require(value, double.IsFinite(value) && value > 0, "The temperature must be a finite number above 0"); }

    /// <summary>How sharply dclw's weight falls with the positive's similarity; above 0. The other losses ignore it.</summary>
    public double Sigma { get; }

    /// <summary>Whether dclw's weight is a constant for the gradient. The paper does not say; here it is unless asked otherwise. The other losses ignore it.</summary>
    public bool DetachWeights { get; }

    /// <summary>λ in λ·InfoNCE + (1 − λ)·this loss, in [0, 1]; 0 is off. Lowering it from 1 starts a decoupled loss from weights that its larger gradients would hurt.</summary>
    public double InfoNceShare { get; init => field = Require(value, value is >= 0 and <= 1, "The share of InfoNCE must be in [0, 1]"); }

    /// <summary>τ⁺, how probable it is that a negative is of the anchor's own class, in [0, 1); 0 is off. That share of e^{s⁺/t} is taken off the negatives' sum.</summary>
    /// <remarks>Source: Chuang et al., "Debiased Contrastive Learning", arXiv 2007.00224, equation 8, with the other view as the one positive. Useful from about 1 / classes.</remarks>
    public double FalseNegativeShare { get; init => field = Require(value, value is >= 0 and < 1, "The share of false negatives must be in [0, 1)"); }

    /// <summary>β, how much more a negative counts that is similar to the anchor, at least 0; 0 is off. Each is weighted by e^{β·s/t}, divided by the mean of that over the anchor's negatives.</summary>
    /// <remarks>Source: Robinson et al., "Contrastive Learning with Hard Negative Samples", arXiv 2010.04592. As in the authors' code, s/t stands in the weight and the gradient runs through it.</remarks>
    public double Hardness { get; init => field = Require(value, double.IsFinite(value) && value >= 0, "The hardness must be a finite number of at least 0"); }

    /// <summary>Negatives more similar to the anchor than this are left out, as probably of its own class; in (−1, 1). Null is off. An anchor that would lose all keeps the least similar one.</summary>
    /// <remarks>Idea: elimination in Huynh et al., "Boosting Contrastive Self-Supervised Learning with False Negative Cancellation", arXiv 2011.11765; there by rank or score of support views, here by similarity to the anchor.</remarks>
    public double? SimilarityCeiling { get; init => field = Require(value, value is null or (> -1 and < 1), "The similarity ceiling must be in (−1, 1)"); }

    /// <summary>InfoNCE, as in SimCLR (there called NT-Xent): the positive also stands in the denominator.</summary>
    /// <param name="temperature">Divides similarities; above 0.</param>
    /// <exception cref="ArgumentException">The temperature is not a finite number above 0.</exception>
    public static ContrastiveLoss InfoNce(double temperature) => new("infonce", temperature);

    /// <summary>Decoupled contrastive loss: InfoNCE without the positive in the denominator.</summary>
    /// <inheritdoc cref="InfoNce"/>
    public static ContrastiveLoss Decoupled(double temperature) => new("dcl", temperature);

    /// <summary>Decoupled contrastive loss that pulls harder on positives that are still far apart.</summary>
    /// <param name="temperature">Divides similarities; above 0.</param>
    /// <param name="sigma">Divides the positive's similarity in the weight; above 0.</param>
    /// <param name="detachWeights">Whether the weight is a constant for the gradient.</param>
    /// <exception cref="ArgumentException">The temperature or sigma is not a finite number above 0.</exception>
    public static ContrastiveLoss DecoupledWeighted(double temperature, double sigma = DefaultSigma, bool detachWeights = true) =>
        new("dclw", temperature, sigma, detachWeights);

    /// <summary>The loss of that name, as scripts and recipes spell it.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="temperature">Divides similarities; above 0.</param>
    /// <param name="sigma">For dclw; the other losses ignore it.</param>
    /// <exception cref="ArgumentException">The name is unknown, or a number is not finite and above 0.</exception>
    public static ContrastiveLoss Create(string name, double temperature, double sigma = DefaultSigma) => name switch
    {
        "infonce" => InfoNce(temperature),
        "dcl" => Decoupled(temperature),
        "dclw" => DecoupledWeighted(temperature, sigma),
        _ => throw new ArgumentException(NearMiss.Describe("loss", name, Names)),
    };

    /// <summary>SimCLR's pairing: both views of every image are anchors; negatives are both views of every other image, 2(N−1) of them.</summary>
    /// <param name="first">Embeddings of the first view, <c>[N, D]</c> of any floating-point type, N ≥ 2; normalized here.</param>
    /// <param name="second">Embeddings of the second view, in the same order.</param>
    /// <returns>The mean over the 2N anchors. Similarities are computed in float32, or in float64 where an input is.</returns>
    /// <exception cref="ArgumentException">A shape or type does not fit, or (on a CPU) a row is zero or not finite.</exception>
    public LossValue TwoViews(Tensor first, Tensor second)
    {
        EmbeddingShapes.RequirePairs("Both views", ("first view", first), ("second view", second), fewestImages: 2);
        using var scope = NewDisposeScope();
        (Tensor both, UnitRows[] views) = UnitRows.OfViews(first, second, UnitRows.CommonType(first, second));
        return TwoViewsOfUnitRows(both, UnitRows.Check(views)).MoveToOuterDisposeScope();
    }

    /// <summary>SupCon's pairing: positives of an anchor are all views of its class, negatives all views of other classes.</summary>
    /// <remarks>
    /// infonce gives SupCon's L_out: −mean over the positives of s⁺/t + log of the sum over positives and negatives. dcl and dclw leave the
    /// positives out of the sum, as without labels. Source: Khosla et al., "Supervised Contrastive Learning", arXiv 2004.11362, equation 2.
    /// </remarks>
    /// <param name="first">Embeddings of the first view, <c>[N, D]</c> of any floating-point type, N ≥ 2; normalized here.</param>
    /// <param name="second">Embeddings of the second view, in the same order.</param>
    /// <param name="labels">The class of each image; at least two classes.</param>
    /// <returns>The mean over the 2N anchors.</returns>
    /// <exception cref="ArgumentException">A shape, type or label does not fit, or (on a CPU) a row is zero or not finite.</exception>
    public LossValue SupervisedTwoViews(Tensor first, Tensor second, IReadOnlyList<int> labels)
    {
        EmbeddingShapes.RequirePairs("Both views", ("first view", first), ("second view", second), fewestImages: 2);
        EmbeddingShapes.RequireLabels(labels, images: first.shape[0]);
        using var scope = NewDisposeScope();
        (Tensor both, UnitRows[] views) = UnitRows.OfViews(first, second, UnitRows.CommonType(first, second));
        IReadOnlyList<UnitRows> notYetChecked = UnitRows.Check(views);
        var classes = new LabelledViews(both, labels);
        LogSums negatives = LogSums.Of(both, null, PairMask.SameLabel(classes.Labels), AnchorLosses.Terms(this));
        LogSums positives = LogSums.Of(both, null, PairMask.OtherLabel(classes.Labels), new LogSumTerms(1 / Temperature) { HasCounts = true });
        var anchors = new AnchorLosses(this, classes.MeanPositiveSimilarity(), negatives, positives);
        return Value(anchors, views[0].Rows, views[1].Rows, classes.MeanNegativeSimilarity(), notYetChecked).MoveToOuterDisposeScope();
    }

    /// <summary>MoCo's pairing: negatives are the embeddings in a queue. Only the anchors receive a gradient.</summary>
    /// <param name="anchor">Embeddings of one view by the trained encoder, <c>[N, D]</c> of any floating-point type; normalized here.</param>
    /// <param name="positive">Embeddings of the other view by the momentum encoder, in the same order; a constant.</param>
    /// <param name="queue">Embeddings of earlier images, <c>[K, D]</c>, K ≥ 1, without those of this batch; a constant.</param>
    /// <param name="leftOut">Pairs of an anchor and a queued embedding, each by its row, that are no negatives: where the queue still holds an earlier embedding of the anchor's own image. Null for none.</param>
    /// <returns>The mean over the N anchors.</returns>
    /// <exception cref="ArgumentException">As for <see cref="TwoViews"/>; or a pair that is left out is not there, or is an anchor's last.</exception>
    /// <inheritdoc cref="TwoViews"/>
    public LossValue WithQueue(Tensor anchor, Tensor positive, Tensor queue, IReadOnlyList<(int Anchor, int Queued)>? leftOut = null)
    {
        leftOut = leftOut is null ? [] : [.. leftOut.Distinct()];
        EmbeddingShapes.RequirePairs("Anchors and positives", ("anchors", anchor), ("positives", positive), fewestImages: 1);
        EmbeddingShapes.RequireQueue(queue, dimensions: anchor.shape[1]);
        EmbeddingShapes.RequireNegatives(leftOut, anchor.shape[0], queue.shape[0]);
        using var scope = NewDisposeScope();
        ScalarType type = UnitRows.CommonType(anchor, positive, queue);
        UnitRows one = UnitRows.Of("anchors", anchor, type);
        UnitRows two = UnitRows.Of("positives", positive.detach(), type);
        UnitRows waiting = UnitRows.Of("queue", queue.detach(), type);
        LossValue value = WithQueueOfUnitRows(one.Rows, two.Rows, waiting.Rows, UnitRows.Check(one, two, waiting), leftOut);
        return value.MoveToOuterDisposeScope();
    }

    /// <summary>One direction of NNCLR's pairing: negatives are the N−1 other rows of <paramref name="positive"/>. Only these candidates receive a gradient.</summary>
    /// <param name="anchor">Nearest neighbours of one view's embeddings, <c>[N, D]</c> of any floating-point type, N ≥ 2; a constant, normalized here.</param>
    /// <param name="positive">Predictions from the other view, in the same order.</param>
    /// <returns>The mean over the N anchors; the method averages both directions.</returns>
    /// <inheritdoc cref="TwoViews"/>
    public LossValue CrossView(Tensor anchor, Tensor positive)
    {
        EmbeddingShapes.RequirePairs("Anchors and positives", ("anchors", anchor), ("positives", positive), fewestImages: 2);
        using var scope = NewDisposeScope();
        ScalarType type = UnitRows.CommonType(anchor, positive);
        UnitRows one = UnitRows.Of("anchors", anchor.detach(), type), two = UnitRows.Of("positives", positive, type);
        LossValue value = CrossViewOfUnitRows(one.Rows, two.Rows, UnitRows.Check(one, two));
        return value.MoveToOuterDisposeScope();
    }

    /// <inheritdoc cref="TwoViews"/>
    /// <remarks>The caller has normalized the rows, <c>[2N, D]</c>, view-major; nothing is checked.</remarks>
    internal LossValue TwoViewsOfUnitRows(Tensor both, IReadOnlyList<UnitRows>? notYetChecked = null)
    {
        using var scope = NewDisposeScope();
        Tensor[] views = both.detach().chunk(2);
        LogSums sums = LogSums.Of(both, null, PairMask.SameImage(views[0].shape[0]), AnchorLosses.Terms(this) with { HasPairs = true });
        Tensor similarity = sums.Pairs!;                                                // [N]
        Tensor negatives = SimilaritySums.MeanOfOtherImages(both, similarity);
        return Value(new AnchorLosses(this, similarity.repeat(2), sums), views[0], views[1], negatives, notYetChecked).MoveToOuterDisposeScope();
    }

    /// <inheritdoc cref="WithQueue"/>
    /// <remarks>The caller has normalized the rows; nothing is checked.</remarks>
    internal LossValue WithQueueOfUnitRows(Tensor anchor, Tensor positive, Tensor queue, IReadOnlyList<UnitRows>? notYetChecked = null, IReadOnlyList<(int Anchor, int Queued)>? leftOut = null)
    {
        leftOut ??= [];
        using var scope = NewDisposeScope();
        positive = positive.detach();
        queue = queue.detach();
        Tensor similarity = (anchor * positive).sum(dim: 1);                            // [N]
        LogSums sums = LogSums.Of(anchor, queue, PairMask.Pairs(leftOut), AnchorLosses.Terms(this));
        Tensor negatives = SimilaritySums.MeanOfQueue(anchor, queue, leftOut);
        return Value(new AnchorLosses(this, similarity, sums), anchor, positive, negatives, notYetChecked).MoveToOuterDisposeScope();
    }

    /// <inheritdoc cref="CrossView"/>
    /// <remarks>The caller has normalized the rows; nothing is checked.</remarks>
    internal LossValue CrossViewOfUnitRows(Tensor anchor, Tensor positive, IReadOnlyList<UnitRows>? notYetChecked = null)
    {
        using var scope = NewDisposeScope();
        anchor = anchor.detach();
        Tensor similarity = (anchor * positive).sum(dim: 1);                            // [N]
        LogSums sums = LogSums.Of(anchor, positive, PairMask.SameRow, AnchorLosses.Terms(this));
        Tensor negatives = SimilaritySums.MeanOfOtherRows(anchor, positive, similarity);
        return Value(new AnchorLosses(this, similarity, sums), anchor, positive, negatives, notYetChecked).MoveToOuterDisposeScope();
    }

    private static LossValue Value(AnchorLosses losses, Tensor anchors, Tensor positives, Tensor negativeSimilarity, IReadOnlyList<UnitRows>? notYetChecked)
    {
        (Tensor perAnchor, Tensor q) = losses.Compute();
        var diagnostics = new ContrastiveDiagnostics(q, anchors.detach(), positives.detach(), negativeSimilarity, notYetChecked ?? []);
        return new LossValue(perAnchor.mean(), perAnchor, diagnostics);
    }

    private static T Require<T>(T value, bool isRight, string claim) =>
        isRight ? value : throw new ArgumentException(FormattableString.Invariant($"{claim}, but it is {value}."));

    private static IEnumerable<string> MistakeIn(string option, double value)
    {
        if (!(double.IsFinite(value) && value > 0))
            yield return $"The {option} must be a finite number above 0, but it is {value}.";
    }
}
