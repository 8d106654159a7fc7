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
        method.Fill(randn([20, 3, 8, 8], ScalarType.Float64, generator: generator));
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
        var expected = BatchGradient.Add(whole, views, judge, 0.5, chunk: null);
        var actual = BatchGradient.Add(parts, views, judge, 0.5, chunk);
        Assert.Equal(expected.Directions.Select(d => d.Value.item<double>()), actual.Directions.Select(d => d.Value.item<double>()), (a, b) => Math.Abs(a - b) < 1e-9);
        var (one, other) = (Gradients(whole), Gradients(parts));
        Assert.Equal(one.Keys, other.Keys);
        Assert.True(one.Count > 30);
        foreach (var (key, gradient) in one)
            Assert.True((gradient - other[key]).abs().max().item<double>() <= 1e-9 * Math.Max(1e-3, gradient.abs().max().item<double>()), key);
        foreach (var (a, b) in whole.Networks.Zip(parts.Networks).Where(n => n.First.Module is EmbeddingRing))
            Assert.True(((EmbeddingRing)a.Module).Filled().allclose(((EmbeddingRing)b.Module).Filled()));
    }

    [Fact]
    public void While_batch_norm_trains_a_chunk_is_its_batch_and_its_statistics_move_once_a_chunk()
    {
        using var scope = NewDisposeScope();
        using IMethod chunked = Build("simclr", isTraining: true), plain = Build("simclr", isTraining: true);
        Tensor views = Views(8);
        BatchGradient.Add(chunked, views, ContrastiveLoss.Decoupled(0.2), 1, chunk: 4);

        // By hand: the two chunks through the networks, joined before the loss; torch then keeps the activations of both.
        TrainedEmbeddings[] parts = new[] { 0, 4 }.Select(first => plain.Embed(cat([views.narrow(0, first, 4), views.narrow(0, 8 + first, 4)], dim: 0))).ToArray();
        Tensor[] rows = [cat([parts[0].Rows[0], parts[1].Rows[0]], dim: 0), cat([parts[0].Rows[1], parts[1].Rows[1]], dim: 0)];
        plain.Compare(rows, [], ContrastiveLoss.Decoupled(0.2))[0].Value.backward();
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
        double value = BatchGradient.Add(whole, views, loss, 1, chunk: null, labels).Directions[0].Value.item<double>();
        BatchGradient.Add(parts, views, loss, 1, chunk: 3, labels);
        IReadOnlyList<Tensor> rows = whole.Embed(views).Rows;
        Assert.Equal(loss.SupervisedTwoViews(rows[0], rows[1], labels).Value.item<double>(), value, 1e-12);
        var (expected, actual) = (Gradients(whole), Gradients(parts));
        foreach (var (key, gradient) in expected)
            Assert.True((gradient - actual[key]).abs().max().item<double>() <= 1e-9 * Math.Max(1e-3, gradient.abs().max().item<double>()), key);
        Assert.Contains("Only simclr learns with labels", Assert.Throws<ArgumentException>(() => BatchGradient.Add(queued, views, loss, 1, null, labels)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chunk_as_large_as_the_batch_changes_nothing_at_all()
    {
        using var scope = NewDisposeScope();
        using IMethod whole = Build("nnclr", isTraining: true), same = Build("nnclr", isTraining: true);
        BatchGradient.Add(whole, Views(6), ContrastiveLoss.InfoNce(0.2), 1, chunk: null);
        BatchGradient.Add(same, Views(6), ContrastiveLoss.InfoNce(0.2), 1, chunk: 6);
        var (expected, actual) = (Gradients(whole), Gradients(same));
        Assert.All(expected, g => Assert.True(g.Value.equal(actual[g.Key]).all().item<bool>(), g.Key));
    }
}
