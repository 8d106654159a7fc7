using Diptych.Evaluation;
using static TorchSharp.torch;

namespace Diptych.Tests.Evaluation;

public sealed class LinearProbeTests
{
    [Fact]
    public void The_gradient_vanishes_at_the_fitted_weights()
    {
        using var scope = NewDisposeScope();
        AssertGradientVanishes(EvaluationGolden.Train(), EvaluationGolden.TrainLabels, 7);
    }

    // The weights are sought among the sums of images then.
    [Theory]
    [InlineData(30, 60)]
    [InlineData(30, 200)]
    [InlineData(3, 1000)]
    public void It_vanishes_with_fewer_images_than_features_too(int images, int features)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        Tensor rows = randn([images, features], ScalarType.Float64, generator: generator) * 3 + 5;
        rows[1].copy_(rows[0]); // of lower rank
        AssertGradientVanishes(rows, [.. Enumerable.Range(0, images).Select(i => i % 3)], 3);
    }

    private static void AssertGradientVanishes(Tensor features, int[] labels, int classes)
    {
        const double penalty = 0.01;
        using LinearClassifier fitted = LinearProbe.Fit(features, labels, classes, penalty);
        // In the standardized coordinates, by autograd and in double precision.
        Tensor deviation = features.std(0, unbiased: false), mean = features.mean([0L]);
        Tensor weight = (fitted.Weight.to(ScalarType.Float64) * deviation).detach().requires_grad_();
        Tensor bias = (fitted.Bias.to(ScalarType.Float64) + fitted.Weight.to(ScalarType.Float64).mv(mean)).detach().requires_grad_();
        Tensor logits = ((features - mean) / deviation).mm(weight.t()) + bias;
        Tensor loss = nn.functional.cross_entropy(logits, tensor(labels.Select(l => (long)l).ToArray())) + penalty / 2 * weight.square().sum();
        loss.backward();
        Assert.InRange(weight.grad!.abs().max().item<double>(), 0, 2e-5);
        Assert.InRange(bias.grad!.abs().max().item<double>(), 0, 2e-5);
    }

    [Fact]
    public void Scaling_and_moving_the_features_changes_no_prediction()
    {
        using var scope = NewDisposeScope();
        using LinearClassifier one = LinearProbe.Fit(EvaluationGolden.Train(), EvaluationGolden.TrainLabels, 7, 0.01);
        using LinearClassifier other = LinearProbe.Fit(EvaluationGolden.Train() * 50 + 3, EvaluationGolden.TrainLabels, 7, 0.01);
        Assert.True(one.Probabilities(EvaluationGolden.Test()).allclose(other.Probabilities(EvaluationGolden.Test() * 50 + 3), rtol: 1e-2, atol: 1e-3));
    }

    [Fact]
    public void A_feature_that_never_varies_does_no_harm()
    {
        using var scope = NewDisposeScope();
        Tensor features = cat([EvaluationGolden.Train(), full([400, 1], 7.0, dtype: ScalarType.Float64)], dim: 1);
        using LinearClassifier classifier = LinearProbe.Fit(features, EvaluationGolden.TrainLabels, 7, 0.01);
        Assert.True(classifier.Weight.isfinite().all().item<bool>());
    }

    [Fact]
    public void The_penalty_is_chosen_from_the_path_and_a_clear_signal_gets_a_weaker_one()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        Tensor features = randn([300, 40], generator: generator);
        int[] told = features.narrow(1, 0, 1).reshape(-1).data<float>().Select(f => f > 0 ? 1 : 0).ToArray();
        double weak = LinearProbe.Choose(features, told, 2, seed: 1);
        int[] noise = Enumerable.Range(0, 300).Select(i => i % 2).ToArray();
        double strong = LinearProbe.Choose(features, noise, 2, seed: 1);
        Assert.True(weak < strong, $"{weak} and {strong}");
        Assert.Equal(weak, LinearProbe.Choose(features, told, 2, seed: 1));
    }

    [Fact]
    public void Wrong_labels_and_penalties_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("there is 7", Assert.Throws<ArgumentException>(() => LinearProbe.Fit(ones(2, 3), [0, 7], 7, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("[2, F]", Assert.Throws<ArgumentException>(() => LinearProbe.Fit(ones(3, 3), [0, 1], 7, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("penalty", Assert.Throws<ArgumentException>(() => LinearProbe.Fit(ones(2, 3), [0, 1], 7, -1)).Message, StringComparison.Ordinal);
    }
}
