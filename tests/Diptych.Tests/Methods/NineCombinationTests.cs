using Diptych.Losses;
using Diptych.Methods;
using Diptych.Models;
using Diptych.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Tests.Methods;

/// <summary>Every method with every loss, for a few steps of tiny networks.</summary>
public sealed class NineCombinationTests
{
    private static readonly MethodSettings Settings = new() { Hidden = 8, EmbeddingSize = 6, Queue = 10, SupportSet = 10, Momentum = 0.75, Seed = 4 };

    private static readonly int[] Images = [0, 1, 2, 3, 4, 5];

    public static IEnumerable<TheoryDataRow<string, string>> All =>
        KnownMethod.Names.SelectMany(_ => ContrastiveLoss.Names, (method, loss) => new TheoryDataRow<string, string>(method, loss));

    // Layers this small are slower on several threads.
    public NineCombinationTests() => set_num_threads(1);

    [Theory]
    [MemberData(nameof(All))]
    public void Steps_change_what_is_trained_and_remembered_and_lower_the_loss_of_their_batch(string name, string loss)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        using IMethod method = KnownMethod.Named(name).Create(new ResNet(new EncoderSettings { Width = 4 }, seed: 2), Settings);
        using var optimizer = new Sgd(method, momentum: 0.9, weightDecay: 0);
        Tensor views = randn([12, 3, 8, 8], generator: generator);
        foreach (int _ in Enumerable.Range(0, 2))
            method.Fill(randn([12, 3, 8, 8], generator: generator), [10, 11, 12, 13, 14, 15]);
        Assert.Equal(Math.Min(method.ImagesWanted, 10), method.Networks.Select(n => n.Module).OfType<EmbeddingRing>().Sum(r => r.Count));

        // Without remembering, each step has the same task: its loss must fall.
        ContrastiveLoss judge = ContrastiveLoss.Create(loss, 0.5);
        double[] values = Enumerable.Range(0, 30).Select(_ => Step(method, optimizer, views, judge, isRemembering: false)).ToArray();
        Assert.True(values.TakeLast(5).Average() < values[0] - 0.1, string.Join(' ', values.Select(v => $"{v:F2}")));

        var before = Snapshot(method);
        Step(method, optimizer, views, judge, isRemembering: true);
        var after = Snapshot(method);
        foreach (var (key, tensor) in before)
        {
            bool isEqual = tensor.equal(after[key]).all().item<bool>();
            Assert.True(isEqual == key.EndsWith("filled", StringComparison.Ordinal), $"{key} {(isEqual ? "did not change" : "changed")}");
        }
        if (name == "moco")
        {
            // Only the optimizer moved the trained weights, only the share 1 − momentum of them arrived in the copy.
            string weight = "encoder.layer1.0.conv1.weight";
            Assert.True((0.75 * before["momentum-" + weight] + 0.25 * after[weight]).allclose(after["momentum-" + weight], atol: 1e-6));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Slow_copies_follow_networks_that_were_moved(bool isJoined)
    {
        using var scope = NewDisposeScope();
        using var method = (MoCo)KnownMethod.Named("moco").Create(new ResNet(new EncoderSettings { Width = 4 }, seed: 2), Settings);
        string weight = "encoder.layer1.0.conv1.weight";
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.Float64, ScalarType.Float32, ScalarType.Float32 })
        {
            foreach (var (_, module) in method.Networks.Where(n => n.Module is not EmbeddingRing))
                module.to(type);
            using (no_grad())
                method.Encoder.parameters().ToList().ForEach(p => p.add_(ones_like(p), Arithmetic.One));
            var before = Snapshot(method);
            method.FollowStep(isJoined);
            var after = Snapshot(method);
            Assert.Equal(type, after["momentum-" + weight].dtype);
            Assert.True((0.75 * before["momentum-" + weight] + 0.25 * before[weight]).allclose(after["momentum-" + weight], atol: 1e-6));
            Assert.True(before[weight].equal(after[weight]).all().item<bool>());
        }
    }

    [Theory]
    [InlineData("simclr")]
    [InlineData("moco")]
    [InlineData("nnclr")]
    public void InfoNces_value_exceeds_dcls_by_minus_log_q_of_each_anchor(string name)
    {
        using var scope = NewDisposeScope();
        using IMethod method = KnownMethod.Named(name).Create(new ResNet(new EncoderSettings { Width = 4 }, seed: 2), Settings);
        using var noGradient = no_grad();
        Tensor views = randn(12, 3, 8, 8);
        method.Fill(randn(12, 3, 8, 8), [10, 11, 12, 13, 14, 15]);
        IReadOnlyList<Tensor> rows = method.Embed(views).Rows, targets = method.EmbedTargets(views);
        var coupled = method.Compare(rows, targets, Images, ContrastiveLoss.InfoNce(0.2));
        var decoupled = method.Compare(rows, targets, Images, ContrastiveLoss.Decoupled(0.2));
        foreach (var (with, without) in coupled.Zip(decoupled))
            Assert.True((with.PerAnchor - without.PerAnchor).allclose(-without.Diagnostics.Q.log(), atol: 1e-5));
    }

    [Fact]
    public void A_step_of_MoCo_before_its_queue_holds_anything_is_refused()
    {
        using var scope = NewDisposeScope();
        using IMethod method = KnownMethod.Named("moco").Create(new ResNet(new EncoderSettings { Width = 4 }), Settings);
        Tensor views = randn(4, 3, 8, 8);
        Assert.Contains("The queue is empty", Assert.Throws<ArgumentException>(() => method.Compare(method.Embed(views).Rows, method.EmbedTargets(views), [0, 1], ContrastiveLoss.InfoNce(0.2))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_image_is_no_negative_of_itself_while_MoCos_queue_still_holds_it(bool isSymmetric)
    {
        using var scope = NewDisposeScope();
        using var method = (MoCo)KnownMethod.Named("moco").Create(new ResNet(new EncoderSettings { Width = 4 }, seed: 2), Settings with { IsSymmetric = isSymmetric });
        using var noGradient = no_grad();
        Tensor views = randn(12, 3, 8, 8);
        method.Fill(randn(12, 3, 8, 8), [3, 10, 0, 11, 12, 13]);
        IReadOnlyList<Tensor> rows = method.Embed(views).Rows, targets = method.EmbedTargets(views);
        ContrastiveLoss loss = ContrastiveLoss.Decoupled(0.2);
        IReadOnlyList<LossValue> values = method.Compare(rows, targets, Images, loss);
        Tensor queue = method.Queue.Filled();
        long[] others = [.. method.Queue.Images()];
        for (int direction = 0; direction < values.Count; direction++)
        {
            Tensor target = targets[targets.Count - 1 - direction];
            for (int image = 0; image < 6; image++)
            {
                long[] negatives = [.. others.Index().Where(o => o.Item != image).Select(o => (long)o.Index)];
                Assert.Equal(image is 0 or 3, negatives.Length < others.Length);
                double expected = loss.WithQueue(rows[direction].narrow(0, image, 1), target.narrow(0, image, 1), queue[tensor(negatives)]).Value.item<float>();
                Assert.Equal(expected, values[direction].PerAnchor[image].item<float>(), 1e-5);
            }
        }
    }

    private static double Step(IMethod method, Optimizer optimizer, Tensor views, ContrastiveLoss loss, bool isRemembering)
    {
        optimizer.ClearGradients();
        IReadOnlyList<Tensor> rows = method.Embed(views).Rows, targets = method.EmbedTargets(views);
        Tensor value = stack(method.Compare(rows, targets, Images, loss).Select(d => d.Value)).mean();
        value.backward();
        if (isRemembering)
            method.Remember(rows, targets, Images);
        optimizer.Step(0.02);
        method.FollowStep();
        return value.item<float>();
    }

    private static Dictionary<string, Tensor> Snapshot(IMethod method) =>
        method.Networks.SelectMany(n => n.Module.state_dict().Select(t => (Name: $"{n.Name}.{t.Key}", Value: t.Value.clone()))).ToDictionary(t => t.Name, t => t.Value);
}
