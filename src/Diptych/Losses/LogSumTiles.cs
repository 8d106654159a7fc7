using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>Computes log-sum-exps and their gradient tile by tile: memory grows with the embeddings, not with the square of their number.</summary>
/// <remarks>
/// Forward keeps, for each anchor, the largest exponent so far and the sum of e^(exponent − largest). Backward computes each tile again:
/// dL/dX = W·Y and dL/dY = Wᵀ·X, with W = gradient · scale · e^(exponent − log-sum). Where one tile is all, it is kept instead.
/// Where the anchors are the candidates too, the matrix of exponents is symmetric, and dL/dX = (W + Wᵀ)·X takes one product a tile.
/// The order of the tiles is fixed, so equal inputs give equal bits for an equal number of threads.
/// Source of the running sum: Milakov and Gimelshein, arXiv 1805.02867.
/// </remarks>
internal sealed class LogSumTiles(PairMask mask, LogSumTerms terms)
{
    // Stands for −∞ where a difference is taken: −∞ − −∞ is NaN.
    private const double Lowest = -1e30;

    private readonly double[] _ratios = terms.Ratios;
    private bool _isSelf, _needsAnchors, _needsCandidates;

    /// <summary>What backward needs besides the embeddings, in this order: log-sums, kept tiles and their largest exponents, anchors without a candidate and their least similar one.</summary>
    public List<Tensor> Saved { get; private set; } = [];

    /// <summary>Number of candidates that each anchor kept, where asked for: <c>[A]</c>.</summary>
    public Tensor? Counts { get; private set; }

    /// <summary>The log-sum-exps, <c>[A]</c> for each ratio; then, where asked for, the similarity of each image's two views, <c>[A/2]</c>.</summary>
    public List<Tensor> Forward(Tensor anchors, Tensor? candidates)
    {
        using var scope = NewDisposeScope();
        (_isSelf, _needsAnchors, _needsCandidates) = (candidates is null, anchors.requires_grad, candidates is { requires_grad: true });
        candidates ??= anchors;
        long count = anchors.shape[0];
        var grid = new TileGrid(count, candidates.shape[0], anchors.device_type);
        Tensor buffer = grid.Buffer(anchors);
        Tensor[] largest = [.. _ratios.Select(_ => anchors.new_empty(count, 1))], totals = [.. _ratios.Select(_ => anchors.new_empty(count, 1))];
        Tensor[] kept = new Tensor[grid.IsOneTile ? _ratios.Length : 0];
        Counts = terms.HasCounts ? anchors.new_zeros(count) : null;
        LeastSimilar? least = terms.HasCeiling ? new LeastSimilar(anchors) : null;
        foreach ((long row, long rows) in grid.Rows)
        {
            using Tensor scaled = anchors.narrow(0, row, rows).Times(terms.Scale);      // [R, D]
            foreach ((long column, long columns) in grid.Columns)
            {
                using var step = NewDisposeScope();
                Tensor tile = TileGrid.Product(buffer, scaled, candidates.narrow(0, column, columns));  // [R, C]
                mask.Fill(tile, row, column);
                least?.Add(tile, row, column);
                Limit(tile);
                Counts?.narrow(0, row, rows).Plus_(tile.isneginf().logical_not().sum(dim: 1));
                for (int k = _ratios.Length - 1; k >= 0; k--)
                {
                    Tensor exponents = k == 0 ? tile : tile.Times(_ratios[k]);
                    Add(exponents, largest[k].narrow(0, row, rows), totals[k].narrow(0, row, rows), isFirst: column == 0);
                    if (grid.IsOneTile)
                        kept[k] = exponents.MoveToOuterDisposeScope();
                }
            }
        }
        List<Tensor> values = [.. totals.Zip(largest, (total, most) => total.log().Plus_(most).squeeze(1))];     // [A]
        least?.Replace(values, _ratios, Counts);
        Saved = [.. values, .. kept, .. grid.IsOneTile ? largest : [], .. least?.Found ?? []];
        if (terms.HasPairs)
        {
            Tensor[] views = anchors.chunk(2);
            values.Add((views[0] * views[1]).sum(dim: 1).MoveToOuterDisposeScope());    // [A/2]
        }
        Counts?.MoveToOuterDisposeScope();
        foreach (Tensor tensor in Saved)
            tensor.MoveToOuterDisposeScope();
        return values;
    }

    /// <summary>The gradients of anchors and candidates; null where none is needed, and for the candidates where the anchors are those too.</summary>
    public (Tensor? Anchors, Tensor? Candidates) Backward(Tensor anchors, Tensor? candidates, IReadOnlyList<Tensor> saved, IReadOnlyList<Tensor> gradients)
    {
        using var scope = NewDisposeScope();
        Tensor others = candidates ?? anchors;
        var grid = new TileGrid(anchors.shape[0], others.shape[0], anchors.device_type);
        int sums = _ratios.Length;
        // An output that nothing depends on comes without a gradient.
        Tensor[] slopes = [.. gradients.Take(sums).Select((gradient, k) => gradient.IsInvalid ? zeros_like(saved[k]) : gradient.Times(terms.Scale * _ratios[k])).Select(slope => slope.unsqueeze(1))];
        Tensor[] logSums = [.. saved.Take(sums).Select(value => value.unsqueeze(1))];                            // [A, 1]
        Tensor? ofAnchors = _needsAnchors ? zeros_like(anchors) : null;
        Tensor? ofCandidates = _isSelf ? ofAnchors : _needsCandidates ? zeros_like(others) : null;
        Tensor? buffer = grid.IsOneTile ? null : grid.Buffer(anchors);
        foreach ((long row, long rows) in grid.Rows)
        {
            using Tensor own = anchors.narrow(0, row, rows), scaled = own.Times(terms.Scale);                      // [R, D]
            foreach ((long column, long columns) in grid.Columns)
            {
                using var step = NewDisposeScope();
                Tensor other = others.narrow(0, column, columns);
                Tensor weights;
                if (buffer is null)
                {
                    weights = saved[sums] * (slopes[0] * (saved[2 * sums] - logSums[0]).exp_());
                    for (int k = 1; k < sums; k++)
                        weights.Plus_(saved[sums + k] * (slopes[k] * (saved[2 * sums + k] - logSums[k]).exp_()));
                    if (_isSelf)
                        weights = weights.Plus(weights.t());
                }
                else
                {
                    Tensor tile = TileGrid.Product(buffer, scaled, other);
                    mask.Fill(tile, row, column);
                    Limit(tile);
                    Tensor? rest = null;
                    for (int k = sums - 1; k > 0; k--)
                        rest = Shares(tile.Times(_ratios[k]), k);
                    weights = Shares(tile, 0);
                    if (rest is not null)
                        weights.Plus_(rest);
                }
                ofAnchors?.narrow(0, row, rows).addmm_(weights, other);
                if (!_isSelf)
                    ofCandidates?.narrow(0, column, columns).addmm_(weights.t(), own);

                Tensor Shares(Tensor exponents, int k)
                {
                    // What the candidates as anchors have of this tile: an exponential costs less than a product.
                    Tensor? mirrored = _isSelf
                        ? (exponents - logSums[k].narrow(0, column, columns).t()).exp_().mul_(slopes[k].narrow(0, column, columns).t())
                        : null;
                    exponents.sub_(logSums[k].narrow(0, row, rows)).exp_().mul_(slopes[k].narrow(0, row, rows));
                    return mirrored is null ? exponents : exponents.Plus_(mirrored);
                }
            }
        }
        if (terms.HasCeiling)
            LeastSimilar.AddGradient(saved[^2], saved[^1], slopes, anchors, others, ofAnchors, ofCandidates);
        if (terms.HasPairs && ofAnchors is not null && !gradients[sums].IsInvalid)
        {
            Tensor slope = gradients[sums].unsqueeze(1);                                // [A/2, 1]
            Tensor[] views = anchors.chunk(2), ofViews = ofAnchors.chunk(2);
            ofViews[0].addcmul_(views[1], slope, Arithmetic.One);
            ofViews[1].addcmul_(views[0], slope, Arithmetic.One);
        }
        return (ofAnchors?.MoveToOuterDisposeScope(), _isSelf ? null : ofCandidates?.MoveToOuterDisposeScope());
    }

    private void Limit(Tensor tile)
    {
        if (!terms.HasCeiling)
            return;
        using Tensor tooSimilar = tile.IsAbove(terms.Ceiling * terms.Scale);
        tile.Masked_(tooSimilar, double.NegativeInfinity);
    }

    /// <summary>Adds a tile to the running sums, and leaves e^(exponent − largest) in its place.</summary>
    private static void Add(Tensor exponents, Tensor largest, Tensor totals, bool isFirst)
    {
        Tensor next = exponents.amax([1], keepdim: true);                               // [R, 1]
        next = isFirst ? next.AtLeast_(Lowest) : maximum(next, largest);
        Tensor sum = exponents.sub_(next).exp_().sum(dim: 1, keepdim: true);
        if (isFirst)
            totals.copy_(sum);
        else
            totals.mul_(largest.sub_(next).exp_()).Plus_(sum);
        largest.copy_(next);
    }
}
