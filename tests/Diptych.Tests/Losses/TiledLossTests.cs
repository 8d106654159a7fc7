using CsCheck;
using Diptych.Losses;
using Diptych.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

/// <summary>Batches of several tiles, whole and broken ones: the formula, its gradient, and what it takes.</summary>
public sealed class TiledLossTests
{
    private static readonly Gen<Batch> Large = Gen.Select(Gen.Int[200, 700], Gen.Int[2, 5], Gen.Double[Math.Log(0.005), 0], Gen.Int,
        (images, dimensions, logTemperature, seed) => Batch.Create(images, dimensions, Math.Exp(logTemperature), seed: seed));

    [Fact]
    public void The_loss_is_the_formula_on_any_number_of_tiles() => Large.Sample(batch =>
    {
        using var scope = NewDisposeScope();
        var loss = ContrastiveLoss.InfoNce(batch.Temperature);
        LossValue[] actual = [.. batch.Pairings().Select(pairing => pairing.Of(loss, batch.FirstTensor(), batch.SecondTensor()))];
        PlainLoss[] expected =
        [
            PlainLoss.TwoViews("infonce", batch.First, batch.Second, batch.Temperature),
            PlainLoss.WithQueue("infonce", batch.First, batch.Second, batch.Queue, batch.Temperature),
            PlainLoss.CrossView("infonce", batch.First, batch.Second, batch.Temperature),
        ];
        for (int i = 0; i < expected.Length; i++)
        {
            Near.Equal(expected[i].PerAnchor, Batch.Numbers(actual[i].PerAnchor), 1e-11);
            Near.Equal(expected[i].Q, Batch.Numbers(actual[i].Diagnostics.Q), 1e-11);
        }
    }, iter: 5);

    [Fact]
    public void The_gradient_is_that_of_one_whole_matrix() => Large.Sample(batch =>
    {
        foreach (ContrastiveLoss loss in new[] { ContrastiveLoss.Decoupled(batch.Temperature), ContrastiveLoss.Decoupled(batch.Temperature) with { Hardness = 0.5 } })
        {
            foreach ((string name, var of) in batch.Pairings())
            {
                using var scope = NewDisposeScope();
                Tensor first = batch.FirstTensor(requiresGrad: true), second = batch.SecondTensor(requiresGrad: true);
                Tensor one = batch.FirstTensor(requiresGrad: true), two = batch.SecondTensor(requiresGrad: true);
                of(loss, first, second).Value.backward();
                WholeMatrix(name, loss, one, two, batch.QueueTensor()).backward();
                foreach ((Tensor expected, Tensor actual) in new[] { (one, first), (two, second) })
                {
                    Assert.Equal(expected.grad is null, actual.grad is null);
                    if (expected.grad is { } gradient)
                        Near.Equal(Batch.Numbers(gradient), Batch.Numbers(actual.grad!), 1e-9, floor: Math.Max(1e-4, gradient.abs().max().item<double>()));
                }
            }
        }
    }, iter: 5);

    [Theory]
    [InlineData(300, DeviceType.CPU, 2 * 2)]
    [InlineData(300, DeviceType.CUDA, 1)]
    [InlineData(2_048, DeviceType.CPU, 8 * 8)]
    [InlineData(2_048, DeviceType.CUDA, 1)]
    [InlineData(8_192, DeviceType.CUDA, 4 * 4)]
    public void Tiles_are_fewer_on_a_GPU(int images, DeviceType device, int count)
    {
        var grid = new TileGrid(2 * images, 2 * images, device);
        Assert.Equal(count, grid.Rows.Count() * grid.Columns.Count());
        Assert.Equal(count == 1, grid.IsOneTile);
    }

    [Fact]
    [Trait(Gpu.Trait, Gpu.Name)]
    public void On_a_GPU_too()
    {
        Device gpu = Gpu.OrSkip();
        Batch batch = Batch.Create(2_500, 5, temperature: 0.2);
        using var scope = NewDisposeScope();
        (Tensor Value, Tensor Gradient) Of(Device device)
        {
            Tensor first = batch.FirstTensor().to(device).requires_grad_();
            LossValue value = ContrastiveLoss.Decoupled(batch.Temperature).TwoViews(first, batch.SecondTensor().to(device));
            value.Value.backward();
            return (value.PerAnchor, first.grad!);
        }

        var (expected, actual) = (Of(CPU), Of(gpu));
        Near.Equal(Batch.Numbers(expected.Value), Batch.Numbers(actual.Value), 1e-11);
        Near.Equal(Batch.Numbers(expected.Gradient), Batch.Numbers(actual.Gradient), 1e-9, floor: Math.Max(1e-4, expected.Gradient.abs().max().item<double>()));
    }

    [Theory]
    [InlineData("infonce")]
    [InlineData("dcl")]
    public void Pairs_that_are_left_out_of_a_queue_count_nowhere_in_any_tile(string name)
    {
        using var scope = NewDisposeScope();
        Batch batch = Batch.Create(600, 5, temperature: 0.2);
        Assert.Equal(1201, batch.Queue.Length);
        (int Anchor, int Queued)[] pairs = [(0, 0), (3, 700), (511, 511), (511, 512), (512, 511), (512, 512), (513, 1023), (513, 1024), (599, 1200), (7, 3), (7, 600), (7, 3)];
        ContrastiveLoss loss = ContrastiveLoss.Create(name, batch.Temperature);
        Tensor anchors = batch.FirstTensor(requiresGrad: true), again = batch.FirstTensor(requiresGrad: true);
        LossValue actual = loss.WithQueue(anchors, batch.SecondTensor(), batch.QueueTensor(), pairs);
        actual.Value.backward();

        Tensor one = nn.functional.normalize(again), two = nn.functional.normalize(batch.SecondTensor()), similarity = mm(one, nn.functional.normalize(batch.QueueTensor()).t());
        Tensor isOut = zeros([600, 1201], ScalarType.Bool);
        foreach (var (anchor, queued) in pairs)
            isOut[anchor, queued] = true;
        Tensor positive = (one * two).sum(dim: 1) / batch.Temperature, negatives = (similarity / batch.Temperature).masked_fill(isOut, double.NegativeInfinity).logsumexp(1);
        Tensor expected = (name == "dcl" ? negatives : logaddexp(negatives, positive)) - positive;
        expected.mean().backward();
        Near.Equal(Batch.Numbers(expected), Batch.Numbers(actual.PerAnchor), 1e-11);
        Near.Equal(Batch.Numbers(again.grad!), Batch.Numbers(anchors.grad!), 1e-9, floor: Math.Max(1e-4, again.grad!.abs().max().item<double>()));
        Near.Equal(similarity.masked_select(isOut.logical_not()).mean().item<double>(), actual.Diagnostics.MeanNegativeSimilarity, 1e-11);
    }

    [Fact]
    public void Equal_inputs_give_equal_bits()
    {
        using var scope = NewDisposeScope();
        Batch batch = Batch.Create(600, 32, temperature: 0.1);
        double[] Gradient()
        {
            Tensor first = Batch.Tensor(batch.First, ScalarType.Float32, requiresGrad: true);
            ContrastiveLoss.Decoupled(0.1).TwoViews(first, Batch.Tensor(batch.Second, ScalarType.Float32)).Value.backward();
            return Batch.Numbers(first.grad!);
        }
        double[] once = Gradient();
        for (int i = 0; i < 5; i++)
            Assert.Equal(once, Gradient());
    }

    /// <summary>The formula by autograd, with all similarities in one matrix.</summary>
    private static Tensor WholeMatrix(string pairing, ContrastiveLoss loss, Tensor first, Tensor second, Tensor queue)
    {
        Tensor one = nn.functional.normalize(first), two = nn.functional.normalize(second);
        if (pairing == "with queue")
            two = two.detach();
        if (pairing == "cross view")
            one = one.detach();
        (Tensor anchors, Tensor candidates) = pairing switch
        {
            "two views" => (cat([one, two], dim: 0), cat([one, two], dim: 0)),
            "with queue" => (one, nn.functional.normalize(queue)),
            _ => (one, two),
        };
        Tensor similarity = mm(anchors, candidates.t());
        if (pairing != "with queue")
        {
            Tensor same = eye(first.shape[0], dtype: ScalarType.Bool);
            similarity = similarity.masked_fill(pairing == "two views" ? same.repeat(2, 2) : same, double.NegativeInfinity);
        }
        double t = loss.Temperature, hardness = loss.Hardness;
        Tensor logSum = (similarity * ((1 + hardness) / t)).logsumexp(1);
        if (hardness > 0)
            logSum = logSum - (similarity * (hardness / t)).logsumexp(1);
        return logSum.mean() - (one * two).sum(dim: 1).mean() / t;
    }
}
