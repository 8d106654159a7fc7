using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>A linear classifier on features that are computed once: multinomial logistic regression.</summary>
/// <remarks>
/// Minimizes mean cross-entropy + penalty/2 · |W|² by L-BFGS, over features brought to mean 0 and standard deviation 1 on the training images;
/// the bias is free. That scaling is folded into the weights that are returned. Where there are far fewer images than features, the weights are sought where they
/// must lie, among the sums of images: the same minimum, in as many numbers a class as there are images, and in double precision, since few of them stand for many weights.
/// </remarks>
public static class LinearProbe
{
    private const int Block = 8192, IterationsToChoose = 300, MaximumIterations = 3000;
    private const double Tolerance = 1e-5;

    // Held, see Arithmetic: thousands of calls find the moment.
    private static readonly Scalar MinusOne = (-1).ToScalar();

    /// <summary>Penalties among which <see cref="Choose"/> chooses, from strong to weak.</summary>
    public static IReadOnlyList<double> Path { get; } = [1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 3e-4, 1e-4, 1e-5];

    /// <summary>Fits a classifier.</summary>
    /// <param name="features"><c>[M, F]</c>.</param>
    /// <param name="labels">Labels, each in [0, <paramref name="classes"/>).</param>
    /// <param name="classes">How many classes there are.</param>
    /// <param name="penalty">Pull of the weights towards zero; ≥ 0.</param>
    /// <exception cref="ArgumentException">Shapes or penalty are not usable, or a feature is not finite.</exception>
    public static LinearClassifier Fit(Tensor features, IReadOnlyList<int> labels, int classes, double penalty)
    {
        using var problem = new Problem(features, labels, classes);
        problem.Solve(penalty, MaximumIterations);
        return problem.Classifier();
    }

    /// <summary>Chooses the penalty by accuracy on held-out labelled images.</summary>
    /// <param name="features">Features of the labelled training images, <c>[M, F]</c>.</param>
    /// <param name="labels">Their labels.</param>
    /// <param name="classes">How many classes there are.</param>
    /// <param name="seed">Which images are held out: see <see cref="HeldOut"/>.</param>
    /// <returns>The penalty of <see cref="Path"/> with the most right predictions; of equals the strongest.</returns>
    public static double Choose(Tensor features, IReadOnlyList<int> labels, int classes, long seed)
    {
        ArgumentNullException.ThrowIfNull(features);
        int[] right = new int[Path.Count];
        foreach (HeldOut part in HeldOut.For(labels, seed))
        {
            using var scope = NewDisposeScope();
            Tensor held = FeatureRows.Take(features, part.Held);
            Tensor heldLabels = DeviceCopy.Send([.. part.Held.Select(i => (long)labels[i])], features.device);
            using var problem = new Problem(FeatureRows.Take(features, part.Fit), part.Fit.Select(i => labels[i]).ToArray(), classes);
            for (int i = 0; i < Path.Count; i++)
            {
                problem.Solve(Path[i], IterationsToChoose); // from where the stronger penalty ended
                using LinearClassifier classifier = problem.Classifier();
                right[i] += (int)classifier.Probabilities(held).argmax(1).eq(heldLabels).sum().item<long>();
            }
        }
        return Path[Array.IndexOf(right, right.Max())];
    }

    // Standardized features and the point reached so far: W row by row, then b.
    private sealed class Problem : IDisposable
    {
        private readonly Tensor _rows, _labels, _mean, _scale; // [M, L], [M, 1], [F], [F]; L is F, or M by way of the basis
        private readonly Tensor? _basis; // orthonormal, [F, M]
        private readonly int _classes, _length;
        private readonly double[] _point;

        public Problem(Tensor features, IReadOnlyList<int> labels, int classes)
        {
            ArgumentNullException.ThrowIfNull(features);
            ArgumentNullException.ThrowIfNull(labels);
            if (features.dim() != 2 || features.shape[0] != labels.Count || labels.Count == 0)
                throw new ArgumentException($"Features need the shape [{labels.Count}, F], one row a label and at least one, but they are [{string.Join(", ", features.shape)}].");
            if (labels.Any(l => l < 0 || l >= classes))
                throw new ArgumentException($"Labels must lie in [0, {classes}), but there is {labels.First(l => l < 0 || l >= classes)}.");
            FeatureRows.RequireFinite(features, "features");
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            Tensor rows = features.to(ScalarType.Float32);
            Tensor deviation = rows.std(0, unbiased: false);
            _mean = rows.mean([0L]).MoveToOuterDisposeScope();
            _scale = where(deviation.IsAbove(1e-12), deviation, ones_like(deviation)).MoveToOuterDisposeScope();
            Tensor standardized = (rows - _mean).div_(_scale);
            if (2 * rows.shape[0] <= rows.shape[1])
            {
                // X = RᵀQᵀ. Weights orthogonal to all images only add to the penalty: with W = V·Qᵀ, X·Wᵀ is Rᵀ·Vᵀ and |W| is |V|.
                var (basis, triangle) = linalg.qr(standardized.cpu().to(ScalarType.Float64).t());
                (_basis, standardized) = (basis.to(rows.device).MoveToOuterDisposeScope(), triangle.t().contiguous().to(rows.device));
            }
            _rows = standardized.MoveToOuterDisposeScope();
            (_classes, _length) = (classes, (int)_rows.shape[1]);
            _labels = DeviceCopy.Send([.. labels.Select(l => (long)l)], rows.device).unsqueeze(1).MoveToOuterDisposeScope();
            _point = new double[_classes * (_length + 1)];
        }

        public void Solve(double penalty, int iterations)
        {
            if (!(penalty >= 0 && double.IsFinite(penalty)))
                throw new ArgumentException($"The penalty must be 0 or more, but it is {penalty}.");
            using var noGradient = no_grad();
            Lbfgs.Minimize(_point, (point, gradient) => Evaluate(point, gradient, penalty), iterations, Tolerance);
        }

        public LinearClassifier Classifier()
        {
            using var scope = NewDisposeScope();
            var (weight, bias) = Weights(_point);
            Tensor scaled = (_basis is null ? weight : weight.mm(_basis.t())) / _scale, moved = bias - scaled.mv(_mean.to(scaled.dtype));
            return new LinearClassifier(scaled.to(ScalarType.Float32).MoveToOuterDisposeScope(), moved.to(ScalarType.Float32).MoveToOuterDisposeScope());
        }

        public void Dispose()
        {
            foreach (Tensor? tensor in new[] { _rows, _labels, _mean, _scale, _basis })
                tensor?.Dispose();
        }

        private (Tensor Weight, Tensor Bias) Weights(double[] point)
        {
            Tensor all = DeviceCopy.Send(tensor(point).to(_rows.dtype), _rows.device);
            return (all.narrow(0, 0, _classes * _length).reshape(_classes, _length), all.narrow(0, _classes * _length, _classes));
        }

        private double Evaluate(double[] point, double[] gradient, double penalty)
        {
            using var scope = NewDisposeScope();
            var (weight, bias) = Weights(point);
            Tensor weightGradient = zeros_like(weight), biasGradient = zeros_like(bias);
            double loss = 0;
            long count = _rows.shape[0];
            for (long start = 0; start < count; start += Block)
            {
                using var blockScope = NewDisposeScope();
                long length = Math.Min(Block, count - start);
                Tensor rows = _rows.narrow(0, start, length), labels = _labels.narrow(0, start, length);
                Tensor logits = rows.mm(weight.t()).add_(bias, Arithmetic.One); // [B, C]
                Tensor total = logits.logsumexp(1, keepdim: true); // [B, 1]
                loss += (total - logits.gather(1, labels)).sum(ScalarType.Float64).item<double>();
                Tensor excess = logits.sub_(total).exp_(); // probabilities less the truth
                excess.scatter_add_(1, labels, full_like(total, MinusOne));
                weightGradient.add_(excess.t().mm(rows), Arithmetic.One);
                biasGradient.add_(excess.sum(dim: 0), Arithmetic.One);
            }
            Tensor all = cat([weightGradient.reshape(-1), biasGradient], dim: 0).to(ScalarType.Float64).cpu();
            all.data<double>().CopyTo(gradient);
            double squares = 0;
            for (int i = 0; i < gradient.Length; i++)
            {
                bool isWeight = i < _classes * _length;
                gradient[i] = gradient[i] / count + (isWeight ? penalty * point[i] : 0);
                squares += isWeight ? point[i] * point[i] : 0;
            }
            return loss / count + penalty / 2 * squares;
        }
    }
}
