using Diptych.Losses;
using Diptych.Methods;
using Diptych.Models;
using Diptych.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Tests.Training;

public sealed class BatchGradientTests
{
    private static readonly MethodSettings Settings = new() { Hidden = 8, EmbeddingSize = 6, Queue = 20, SupportSet = 20, Seed = 4 };

    private static readonly int[] Images = [.. Enumerable.Range(0, 11)]; // 2 and 5 are in a queue

    public BatchGradientTests() => set_num_threads(1);

    private static IMethod Build(string name, bool isSymmetric = false, bool isTraining = false)
    {
        IMethod method = KnownMethod.Named(name).Create(new ResNet(new EncoderSettings { Name = "resnet10", Width = 4 }, seed: 2), Settings with { IsSymmetric = isSymmetric });
        foreach (var (_, module) in method.Networks)
        {
            module.to(ScalarType.Float64);
            module.train(isTraining);
        }
        using var generator = new Generator(5);
        method.Fill(randn([20, 3, 8, 8], ScalarType.Float64, generator: generator), [2, 30, 31, 32, 5, 33, 34, 35, 36, 37]);
        return method;
    }

    private static Tensor Views(int images)
    {
        using var generator = new Generator(6);
        return randn([2 * images, 3, 8, 8], ScalarType.Float64, generator: generator);
    }

    private static Dictionary<string, Tensor> Gradients(IMethod method) =>
        method.Networks.SelectMany(n => n.Module.named_parameters().Select(p => ($"{n.Name}.{p.name}", p.parameter.grad))).Where(p => p.grad is not null).ToDictionary(p => p.Item1, p => p.grad!);

    [Theory]
    [InlineData("simclr", false, "infonce", 4)]
    [InlineData("simclr", false, "dcl", 5)]
    [InlineData("moco", false, "dcl", 4)]
    [InlineData("moco", true, "dclw", 6)]
    [InlineData("nnclr", false, "dcl", 4)]
    public void Chunks_give_the_gradient_of_the_whole_batch_where_batch_norm_uses_its_statistics(string name, bool isSymmetric, string loss, int chunk)
    {
        using var scope = NewDisposeScope();
        using IMethod whole = Build(name, isSymmetric), parts = Build(name, isSymmetric);
        ContrastiveLoss judge = ContrastiveLoss.Create(loss, 0.2);
        Tensor views = Views(11);
        var expected = BatchGradient.Add(whole, views, Images, judge, 0.5, chunk: null);
        var actual = BatchGradient.Add(parts, views, Images, judge, 0.5, chunk);
        Assert.Equal(expected.Directions.Select(d => d.Value.item<double>()), actual.Directions.Select(d => d.Value.item<double>()), (a, b) => Math.Abs(a - b) < 1e-9);
        var (one, other) = (Gradients(whole), Gradients(parts));
        Assert.Equal(one.Keys, other.Keys);
        Assert.True(one.Count > 30);
        foreach (var (key, gradient) in one)
            Assert.True((gradient - other[key]).abs().max().item<double>() <= 1e-9 * Math.Max(1e-3, gradient.abs().max().item<double>()), key);
        foreach (var (a, b) in expected.Rows.Concat(expected.Targets).Zip(actual.Rows.Concat(actual.Targets))) // what is remembered
            Assert.True(a.allclose(b));
    }

    [Theory]
    [Trait(Gpu.Trait, Gpu.Name)]
    [InlineData("simclr", "infonce", null)]
    [InlineData("simclr", "dclw", 4)]
    [InlineData("moco", "dcl", null)]
    [InlineData("moco", "dclw", 5)]
    [InlineData("nnclr", "dcl", null)]
    public void On_a_GPU_a_step_has_the_CPUs_loss_gradient_and_weights(string name, string loss, int? chunk)
    {
        Device gpu = Gpu.OrSkip();
        using var scope = NewDisposeScope();
        using IMethod here = Build(name, isTraining: true), there = Build(name, isTraining: true);
        foreach (var (_, module) in there.Networks)
            module.to(gpu);
        ContrastiveLoss judge = ContrastiveLoss.Create(loss, 0.2);
        Tensor views = Views(11);
        var expected = BatchGradient.Add(here, views, Images, judge, 1, chunk);
        var actual = BatchGradient.Add(there, views.to(gpu), Images, judge, 1, chunk, isChecked: false);
        Assert.Equal(expected.Directions.Select(d => d.Value.item<double>()), actual.Directions.Select(d => d.Value.item<double>()), (a, b) => Math.Abs(a - b) < 1e-9);
        var (one, other) = (Gradients(here), Gradients(there));
        Assert.Equal(one.Keys, other.Keys);
        foreach (var (key, gradient) in one)
            Assert.True((gradient - other[key].cpu()).abs().max().item<double>() <= 1e-9 * Math.Max(1e-3, gradient.abs().max().item<double>()), key);
        foreach (IMethod method in new[] { here, there })
        {
            using var optimizer = new Sgd(method, momentum: 0.9, weightDecay: 1e-4);
            Assert.True(double.IsFinite(optimizer.ClipGradients(0.5).item<double>()));
            optimizer.Step(0.1);
            method.FollowStep();
        }
        foreach (var (a, b) in here.Networks.SelectMany(n => n.Module.state_dict().Values).Zip(there.Networks.SelectMany(n => n.Module.state_dict().Values)))
            Assert.True(a.to_type(ScalarType.Float64).allclose(b.cpu().to_type(ScalarType.Float64), rtol: 1e-8, atol: 1e-10));
    }

    [Fact]
    public void While_batch_norm_trains_a_chunk_is_its_batch_and_its_statistics_move_once_a_chunk()
    {
        using var scope = NewDisposeScope();
        using IMethod chunked = Build("simclr", isTraining: true), plain = Build("simclr", isTraining: true);
        Tensor views = Views(8);
        BatchGradient.Add(chunked, views, Images, ContrastiveLoss.Decoupled(0.2), 1, chunk: 4);

        // By hand: the two chunks through the networks, joined before the loss; torch then keeps the activations of both.
        TrainedEmbeddings[] parts = new[] { 0, 4 }.Select(first => plain.Embed(cat([views.narrow(0, first, 4), views.narrow(0, 8 + first, 4)], dim: 0))).ToArray();
        Tensor[] rows = [cat([parts[0].Rows[0], parts[1].Rows[0]], dim: 0), cat([parts[0].Rows[1], parts[1].Rows[1]], dim: 0)];
        plain.Compare(rows, [], Images, ContrastiveLoss.Decoupled(0.2))[0].Value.backward();
        var (expected, actual) = (Gradients(plain), Gradients(chunked));
        foreach (var (key, gradient) in expected)
            Assert.True((gradient - actual[key]).abs().max().item<double>() <= 1e-8 * Math.Max(1e-3, gradient.abs().max().item<double>()), key);
        foreach (var (key, tensor) in plain.Encoder.state_dict())
            Assert.True(tensor.allclose(chunked.Encoder.state_dict()[key]), key);
        Assert.Equal(2, chunked.Encoder.state_dict()["bn1.num_batches_tracked"].item<long>());
    }

    [Fact]
    public void Labels_reach_the_loss_whole_and_in_chunks_and_only_simclr_takes_them()
    {
        using var scope = NewDisposeScope();
        using IMethod whole = Build("simclr", isTraining: false), parts = Build("simclr", isTraining: false), queued = Build("moco", isTraining: false);
        Tensor views = Views(6);
        int[] labels = [0, 1, 1, 2, 0, 1];
        ContrastiveLoss loss = ContrastiveLoss.Decoupled(0.2);
        double value = BatchGradient.Add(whole, views, Images[..6], loss, 1, chunk: null, labels).Directions[0].Value.item<double>();
        BatchGradient.Add(parts, views, Images[..6], loss, 1, chunk: 3, labels);
        IReadOnlyList<Tensor> rows = whole.Embed(views).Rows;
        Assert.Equal(loss.SupervisedTwoViews(rows[0], rows[1], labels).Value.item<double>(), value, 1e-12);
        var (expected, actual) = (Gradients(whole), Gradients(parts));
        foreach (var (key, gradient) in expected)
            Assert.True((gradient - actual[key]).abs().max().item<double>() <= 1e-9 * Math.Max(1e-3, gradient.abs().max().item<double>()), key);
        Assert.Contains("Only simclr learns with labels", Assert.Throws<ArgumentException>(() => BatchGradient.Add(queued, views, Images[..6], loss, 1, null, labels)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chunk_as_large_as_the_batch_changes_nothing_at_all()
    {
        using var scope = NewDisposeScope();
        using IMethod whole = Build("nnclr", isTraining: true), same = Build("nnclr", isTraining: true);
        BatchGradient.Add(whole, Views(6), Images[..6], ContrastiveLoss.InfoNce(0.2), 1, chunk: null);
        BatchGradient.Add(same, Views(6), Images[..6], ContrastiveLoss.InfoNce(0.2), 1, chunk: 6);
        var (expected, actual) = (Gradients(whole), Gradients(same));
        Assert.All(expected, g => Assert.True(g.Value.equal(actual[g.Key]).all().item<bool>(), g.Key));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MoCos_momentum_networks_normalize_other_groups_of_images_than_the_trained_ones(bool isSymmetric)
    {
        using var scope = NewDisposeScope();
        using IMethod chunked = Build("moco", isSymmetric, isTraining: true), plain = Build("moco", isSymmetric, isTraining: true);
        Tensor views = Views(8);
        IReadOnlyList<Tensor> targets = BatchGradient.Add(chunked, views, Images[..8], ContrastiveLoss.Decoupled(0.2), 1, chunk: 4).Targets;
        foreach (int first in (int[])[0, 1])
        {
            IReadOnlyList<Tensor> expected = plain.EmbedTargets(views.slice(0, first, 16, 2)); // every second image of both views
            Assert.Equal(isSymmetric ? 2 : 1, targets.Count);
            foreach (var (one, all) in expected.Zip(targets))
                Assert.True(one.allclose(all.slice(0, first, 8, 2)));
        }
    }

    [Fact]
    public void A_memory_is_filled_in_chunks_as_large_as_those_of_a_step()
    {
        using var scope = NewDisposeScope();
        using IMethod chunked = Build("nnclr", isTraining: true), plain = Build("nnclr", isTraining: true);
        Tensor views = Views(8);
        BatchGradient.Fill(chunked, views, Images[..8], chunk: 5);
        foreach (int first in (int[])[0, 4])
            plain.Fill(cat([views.narrow(0, first, 4), views.narrow(0, 8 + first, 4)], dim: 0), Images[first..(first + 4)]);
        var (expected, actual) = ((EmbeddingRing)plain.Networks[^1].Module, (EmbeddingRing)chunked.Networks[^1].Module);
        Assert.True(expected.Filled().allclose(actual.Filled()));
        Assert.Equal(expected.Images(), actual.Images());
    }

    [Theory]
    [InlineData("moco")]
    [InlineData("nnclr")]
    public void A_step_whose_gradient_is_not_finite_leaves_the_memory_as_it_was(string name)
    {
        using var scope = NewDisposeScope();
        using IMethod method = Build(name, isTraining: true);
        foreach (var (_, module) in method.Networks)
            module.to(ScalarType.Float32); // as in a run
        var options = new PretrainOptions { Method = name, Accumulate = 2 };
        using Optimizer optimizer = KnownOptimizer.Named("sgd").Create(method, options);
        var ring = (EmbeddingRing)method.Networks[^1].Module;
        Tensor before = ring.Filled().clone();
        var training = new TrainingStep(method, optimizer, options);
        foreach (int _ in Enumerable.Range(0, 2))
            training.Add(Views(6).to(ScalarType.Float32), Images[..6], ContrastiveLoss.Decoupled(0.2), null);
        Assert.True(ring.Filled().equal(before).all().item<bool>());
        method.Encoder.parameters().First().grad!.mul_(double.NaN);
        Assert.Throws<DivergedException>(() => training.FinishLater(0.1));
        Assert.True(ring.Filled().equal(before).all().item<bool>());
    }
}
