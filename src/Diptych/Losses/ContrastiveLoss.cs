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

    /// <summary>The names that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["infonce", "dcl", "dclw"];

    /// <summary>One of <see cref="Names"/>.</summary>
    public string Name { get; }

    /// <summary>Divides similarities; above 0.</summary>
    public double Temperature { get; }

    /// <summary>How sharply dclw's weight falls with the positive's similarity; above 0. The other losses ignore it.</summary>
    public double Sigma { get; }

    /// <summary>Whether dclw's weight is a constant for the gradient. The paper does not say; here it is unless asked otherwise. The other losses ignore it.</summary>
    public bool DetachWeights { get; }

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
        ScalarType type = UnitRows.CommonType(first, second);
        UnitRows one = UnitRows.Of("first view", first, type), two = UnitRows.Of("second view", second, type);
        LossValue value = TwoViewsOfUnitRows(one.Rows, two.Rows, UnitRows.Check(one, two));
        return value.MoveToOuterDisposeScope();
    }

    /// <summary>MoCo's pairing: negatives are the embeddings in a queue. Only the anchors receive a gradient.</summary>
    /// <param name="anchor">Embeddings of one view by the trained encoder, <c>[N, D]</c> of any floating-point type; normalized here.</param>
    /// <param name="positive">Embeddings of the other view by the momentum encoder, in the same order; a constant.</param>
    /// <param name="queue">Embeddings of earlier images, <c>[K, D]</c>, K ≥ 1, without those of this batch; a constant.</param>
    /// <returns>The mean over the N anchors.</returns>
    /// <inheritdoc cref="TwoViews"/>
    public LossValue WithQueue(Tensor anchor, Tensor positive, Tensor queue)
    {
        EmbeddingShapes.RequirePairs("Anchors and positives", ("anchors", anchor), ("positives", positive), fewestImages: 1);
        EmbeddingShapes.RequireQueue(queue, dimensions: anchor.shape[1]);
        using var scope = NewDisposeScope();
        ScalarType type = UnitRows.CommonType(anchor, positive, queue);
        UnitRows one = UnitRows.Of("anchors", anchor, type);
        UnitRows two = UnitRows.Of("positives", positive.detach(), type);
        UnitRows waiting = UnitRows.Of("queue", queue.detach(), type);
        LossValue value = WithQueueOfUnitRows(one.Rows, two.Rows, waiting.Rows, UnitRows.Check(one, two, waiting));
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
    /// <remarks>The caller has normalized the rows; nothing is checked.</remarks>
    internal LossValue TwoViewsOfUnitRows(Tensor first, Tensor second, IReadOnlyList<UnitRows>? notYetChecked = null)
    {
        using var scope = NewDisposeScope();
        Tensor both = cat([first, second], dim: 0);                                     // [2N, D]
        Tensor similarity = (first * second).sum(dim: 1);                               // [N]
        Tensor logNegatives = NegativeLogSumExp.OfOtherImages(both, Temperature);       // [2N]
        Tensor negatives = SimilaritySums.MeanOfOtherImages(both, similarity);
        return Value(similarity, logNegatives, first, second, negatives, notYetChecked);
    }

    /// <inheritdoc cref="WithQueue"/>
    /// <remarks>The caller has normalized the rows; nothing is checked.</remarks>
    internal LossValue WithQueueOfUnitRows(Tensor anchor, Tensor positive, Tensor queue, IReadOnlyList<UnitRows>? notYetChecked = null)
    {
        using var scope = NewDisposeScope();
        positive = positive.detach();
        queue = queue.detach();
        Tensor similarity = (anchor * positive).sum(dim: 1);                            // [N]
        Tensor logNegatives = NegativeLogSumExp.OfQueue(anchor, queue, Temperature);    // [N]
        Tensor negatives = SimilaritySums.MeanOfQueue(anchor, queue);
        return Value(similarity, logNegatives, anchor, positive, negatives, notYetChecked);
    }

    /// <inheritdoc cref="CrossView"/>
    /// <remarks>The caller has normalized the rows; nothing is checked.</remarks>
    internal LossValue CrossViewOfUnitRows(Tensor anchor, Tensor positive, IReadOnlyList<UnitRows>? notYetChecked = null)
    {
        using var scope = NewDisposeScope();
        anchor = anchor.detach();
        Tensor similarity = (anchor * positive).sum(dim: 1);                            // [N]
        Tensor logNegatives = NegativeLogSumExp.OfOtherRows(anchor, positive, Temperature);  // [N]
        Tensor negatives = SimilaritySums.MeanOfOtherRows(anchor, positive, similarity);
        return Value(similarity, logNegatives, anchor, positive, negatives, notYetChecked);
    }

    private LossValue Value(
        Tensor similarity, Tensor logNegatives, Tensor anchors, Tensor positives, Tensor negativeSimilarity, IReadOnlyList<UnitRows>? notYetChecked)
    {
        // TwoViews has two anchors an image with the same positive similarity: view-major, as the log-sum-exps are.
        long anchorsPerImage = logNegatives.shape[0] / similarity.shape[0];
        Tensor positive = (similarity / Temperature).repeat(anchorsPerImage);           // [A]
        Tensor decoupled = logNegatives - positive;                                     // [A]
        Tensor perAnchor = Name switch
        {
            // log(e^p + U) − p = softplus(log U − p). torch's softplus is only approximate above 20; logsigmoid is exact.
            "infonce" => -nn.functional.logsigmoid(-decoupled),
            "dclw" => logNegatives - Weights(similarity).repeat(anchorsPerImage) * positive,
            _ => decoupled,
        };
        // 1 − p⁺ = U / (e^p + U): the sigmoid keeps all its digits however small q is.
        Tensor q = decoupled.detach().sigmoid();
        var diagnostics = new ContrastiveDiagnostics(q, anchors.detach(), positives.detach(), negativeSimilarity, notYetChecked ?? []);
        return new LossValue(perAnchor.mean(), perAnchor, diagnostics).MoveToOuterDisposeScope();
    }

    private Tensor Weights(Tensor similarity)
    {
        if (DetachWeights)
            similarity = similarity.detach();
        // e^{s/σ} / mean(e^{s/σ}) = N · softmax(s/σ), which cannot overflow for a small σ.
        return 2 - similarity.shape[0] * (similarity / Sigma).softmax(0);
    }

    private static IEnumerable<string> MistakeIn(string option, double value)
    {
        if (!(double.IsFinite(value) && value > 0))
            yield return $"The {option} must be a finite number above 0, but it is {value}.";
    }
}
