using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>From log-sums to the loss of each anchor: operations on single anchors, the same for every pairing.</summary>
/// <param name="loss">The loss and its options.</param>
/// <param name="similarity">Similarity of each anchor to its positive, or the mean over its positives: <c>[A]</c>.</param>
/// <param name="negatives">Sums over each anchor's negatives, made from <see cref="Terms"/>.</param>
/// <param name="positives">log Σ e^{s⁺/t} over each anchor's positives and their number, where it has several: <c>[A]</c>.</param>
internal sealed class AnchorLosses(ContrastiveLoss loss, Tensor similarity, LogSums negatives, LogSums? positives = null)
{
    /// <summary>What the loss needs summed over the negatives.</summary>
    public static LogSumTerms Terms(ContrastiveLoss loss) => new((1 + loss.Hardness) / loss.Temperature)
    {
        SecondScale = loss.Hardness / loss.Temperature,
        Ceiling = loss.SimilarityCeiling ?? double.PositiveInfinity,
        HasCounts = loss.Hardness > 0 || loss.FalseNegativeShare > 0,
    };

    /// <summary>The loss of each anchor, with its gradient, and its q, without: <c>[A]</c>.</summary>
    public (Tensor PerAnchor, Tensor Q) Compute()
    {
        Tensor positive = similarity.Over(loss.Temperature);                               // [A]
        Tensor own = positives?.Values[0] ?? positive;
        Tensor logNegatives = LogNegatives(own);
        Tensor decoupled = logNegatives - own;
        Tensor perAnchor = loss.Name switch
        {
            "infonce" => Coupled(decoupled, own, positive),
            "dclw" => logNegatives - Weights() * positive,
            _ => logNegatives - positive,
        };
        if (loss.InfoNceShare > 0 && loss.Name != "infonce")
            perAnchor = Coupled(decoupled, own, positive).Times(loss.InfoNceShare).Plus(perAnchor.Times(1 - loss.InfoNceShare));
        // 1 − p⁺ = U / (e^p + U): the sigmoid keeps all its digits however small q is.
        return (perAnchor, decoupled.detach().sigmoid());
    }

    // log(e^o + U) − p = softplus(log U − o) + o − p. torch's softplus is only approximate above 20; logsigmoid is exact.
    private Tensor Coupled(Tensor decoupled, Tensor own, Tensor positive)
    {
        Tensor coupled = -nn.functional.logsigmoid(-decoupled);
        return positives is null ? coupled : coupled.Plus(own - positive);
    }

    private Tensor LogNegatives(Tensor own)
    {
        Tensor logSum = negatives.Values[0];
        if (negatives.Counts is null)
            return logSum;
        Tensor logCount = negatives.Counts.log();                                       // [A]
        if (loss.Hardness > 0)
            logSum = (logSum - negatives.Values[1]).Plus(logCount);
        return loss.FalseNegativeShare > 0 ? Debiased(logSum, own, logCount) : logSum;
    }

    /// <summary>log max((U − τn·mean e^{s⁺/t}) / (1 − τ), n·e^{−1/t}), n negatives.</summary>
    private Tensor Debiased(Tensor logSum, Tensor own, Tensor logCount)
    {
        double share = loss.FalseNegativeShare;
        Tensor logExcess = own.Plus(logCount).Plus(Math.Log(share)) - logSum;
        if (positives is not null)
            logExcess = logExcess - positives.Counts!.log();
        Tensor floor = logCount.Minus(1 / loss.Temperature);
        // Where nothing remains the logarithm has no value, and its gradient must not be NaN either.
        Tensor remains = logExcess.detach().IsBelow(0);
        Tensor remaining = logSum.Plus(log1p(-where(remains, logExcess, ones_like(logExcess).neg()).exp())).Minus(Math.Log(1 - share));
        return where(remains & (remaining.detach() > floor), remaining, floor);
    }

    // e^{s/σ} / mean(e^{s/σ}) = A · softmax(s/σ), which cannot overflow for a small σ.
    private Tensor Weights() =>
        (loss.DetachWeights ? similarity.detach() : similarity).Over(loss.Sigma).softmax(0).Times(-similarity.shape[0]).Plus(2.0);
}
