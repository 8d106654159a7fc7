using static TorchSharp.torch;

namespace Diptych.Reports;

/// <summary>Features as points of a plane, so that people can look at them.</summary>
public static class FeatureMap
{
    private const int Iterations = 500, Exaggerated = 150, SearchSteps = 40, InputDimensions = 50;
    private const double Perplexity = 30, Exaggeration = 12, Tiny = 1e-12;

    /// <summary>The two directions in which the features differ most.</summary>
    /// <param name="features"><c>[N, F]</c>, N ≥ 2.</param>
    /// <returns>Points, <c>[N, 2]</c>; of each direction's two signs the one whose largest entry is positive.</returns>
    public static Tensor Pca(Tensor features) => Principal(features, 2);

    /// <summary>Neighbours stay neighbours: distances within dense and sparse regions are brought to one scale. What is far apart says nothing about how far.</summary>
    /// <param name="features"><c>[N, F]</c>, N ≥ 4; the effort grows with N².</param>
    /// <returns>Points, <c>[N, 2]</c>; the same for the same features.</returns>
    /// <remarks>Source: van der Maaten and Hinton, JMLR 9 (2008): exact gradients, perplexity 30, start at the principal components, early exaggeration 12, momentum 0.5 then 0.8, gains.</remarks>
    public static Tensor Tsne(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor rows = Principal(features, (int)Math.Min(InputDimensions, features.shape[1]));
        long count = rows.shape[0];
        Tensor shared = Affinities(rows, Math.Min(Perplexity, (count - 1) / 3.0));
        Tensor points = rows.narrow(1, 0, 2) / rows.narrow(1, 0, 1).std().AtLeast(Tiny).Times(1e4); // [N, 2]
        Tensor velocity = zeros_like(points), gains = ones_like(points);
        double rate = Math.Max(50, count / Exaggeration);
        for (int i = 0; i < Iterations; i++)
        {
            using var step = NewDisposeScope();
            Tensor gradient = Gradient(i < Exaggerated ? shared.Times(Exaggeration) : shared, points);
            Tensor isTurning = gradient.sign().eq(velocity.sign());
            gains.copy_(where(isTurning, gains.Times(0.8), gains.Plus(0.2)).AtLeast(0.01));
            velocity.Times_(i < Exaggerated ? 0.5 : 0.8).sub_((gains * gradient).Times(rate));
            points.Plus_(velocity).sub_(points.mean([0L], keepdim: true));
        }
        return points.MoveToOuterDisposeScope();
    }

    /// <summary>P of the paper: how probable it is that two rows are neighbours, symmetric, summing to 1.</summary>
    internal static Tensor Affinities(Tensor rows, double perplexity)
    {
        using var scope = NewDisposeScope();
        long count = rows.shape[0];
        Tensor distances = Distances(rows);                                                      // [N, N]
        Tensor others = distances.Plus(eye(count).Times(1e30)), beyondNearest = others - others.amin([1L], keepdim: true); // none is its own neighbour
        Tensor low = zeros([count, 1]), high = zeros([count, 1]).Fill_(double.PositiveInfinity), beta = distances.mean([1L], keepdim: true).AtLeast(Tiny).reciprocal(); // [N, 1]
        Tensor weights = distances;
        double wanted = Math.Log(perplexity);
        for (int i = 0; i < SearchSteps; i++)
        {
            Tensor scores = (-beyondNearest * beta).exp();
            weights = scores / scores.sum(dim: 1, keepdim: true);
            Tensor entropy = -(weights * weights.AtLeast(1e-37).log()).sum(dim: 1, keepdim: true);
            Tensor isTooWide = entropy.IsAbove(wanted);
            low = where(isTooWide, beta, low);
            high = where(isTooWide, high, beta);
            beta = where(high.isinf(), beta.Times(2), low.Plus(high).Over(2));
        }
        return weights.Plus(weights.t()).Over(2 * count).MoveToOuterDisposeScope();
    }

    /// <summary>The gradient of the divergence between neighbours in space and in the plane.</summary>
    internal static Tensor Gradient(Tensor shared, Tensor points)
    {
        using var scope = NewDisposeScope();
        Tensor nearness = Distances(points).Plus(1).reciprocal();
        nearness.diagonal().zero_();
        Tensor pull = (shared - nearness / nearness.sum()) * nearness;                           // [N, N]
        return (pull.sum(dim: 1, keepdim: true) * points - pull.mm(points)).Times(4).MoveToOuterDisposeScope();
    }

    private static Tensor Principal(Tensor features, int dimensions)
    {
        ArgumentNullException.ThrowIfNull(features);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor centred = features.to(ScalarType.Float32) - features.to(ScalarType.Float32).mean([0L], keepdim: true);
        var (_, directions) = linalg.eigh(centred.t().mm(centred).Over(features.shape[0]));      // ascending, in columns
        Tensor main = directions.narrow(1, directions.shape[1] - dimensions, dimensions).flip([1L]);
        Tensor largest = main.gather(0, main.abs().argmax(0, keepdim: true));                    // [1, d]
        return centred.mm(main * largest.sign()).MoveToOuterDisposeScope();
    }

    private static Tensor Distances(Tensor rows)
    {
        Tensor squares = rows.Squared().sum(dim: 1, keepdim: true);
        return (squares.Plus(squares.t()) - rows.mm(rows.t()).Times(2)).AtLeast(0);
    }
}
