using System.Text;
using System.Text.Json;
using Diptych.Losses;
using Diptych.Methods;
using Diptych.Models;
using Diptych.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Tests.Methods;

/// <summary>Two steps from fixed weights, against PyTorch and plain loops: weights, momentum copies, pointer and memory.</summary>
public sealed class GoldenMethodTests
{
    private const int Images = 3, Size = 8, Kept = 7;

    // Made by Golden/make_methods_golden.py.
    private static readonly JsonElement[] Golden = JsonDocument.Parse(File.ReadAllText(Repository.Golden("methods-golden.json"))).RootElement.EnumerateArray().ToArray();

    public static IEnumerable<TheoryDataRow<int>> Cases => Enumerable.Range(0, Golden.Length).Select(i => new TheoryDataRow<int>(i));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Two_steps_are_those_of_the_reference(int index)
    {
        JsonElement golden = Golden[index];
        using var scope = NewDisposeScope();
        using IMethod method = Build(golden);
        using var optimizer = new Sgd(method, momentum: 0.9, weightDecay: 0.01);
        var loss = ContrastiveLoss.Create(golden.GetProperty("loss").GetString()!, temperature: 0.2, sigma: 0.5);
        method.Fill(Views(10), Numbers(10));
        method.Fill(Views(11), Numbers(11));

        double[] losses = new[] { 1, 2 }.Select(number =>
        {
            Tensor views = Views(number);
            optimizer.ClearGradients();
            IReadOnlyList<Tensor> rows = method.Embed(views).Rows, targets = method.EmbedTargets(views);
            Tensor value = stack(method.Compare(rows, targets, Numbers(number), loss).Select(d => d.Value)).mean();
            value.backward();
            method.Remember(rows, targets, Numbers(number));
            optimizer.Step(0.05);
            method.FollowStep();
            return value.item<double>();
        }).ToArray();

        Assert.Equal(Numbers(golden.GetProperty("losses")), losses, Near);
        var ring = (EmbeddingRing)method.Networks[^1].Module;
        Assert.Equal(golden.GetProperty("next").GetInt32(), ring.Next);
        Assert.Equal(golden.GetProperty("filled").GetInt32(), ring.Count);
        Assert.Equal(golden.GetProperty("rows").EnumerateArray().SelectMany(Numbers), Numbers(ring.Filled()), Near);

        var state = method.Networks.Take(method.Networks.Count - 1).SelectMany(n => n.Module.state_dict().Select(t => (Name: $"{n.Name}.{t.Key}", t.Value))).ToArray();
        Assert.Equal(golden.GetProperty("tensors").EnumerateObject().Select(t => t.Name).Order(), state.Select(t => t.Name).Order());
        foreach (var (name, tensor) in state)
        {
            JsonElement expected = golden.GetProperty("tensors").GetProperty(name);
            double[] actual = Numbers(tensor);
            Assert.True(Near(expected.GetProperty("sum").GetDouble(), actual.Sum()), $"{name}: sum {actual.Sum()}, expected {expected.GetProperty("sum")}");
            Assert.True(Near(expected.GetProperty("squares").GetDouble(), actual.Sum(v => v * v)), $"{name}: sum of squares");
            Assert.Equal(Numbers(expected.GetProperty("first")), actual.Take(2), Near);
        }
    }

    private static bool Near(double expected, double actual) => Math.Abs(expected - actual) <= 1e-5 * Math.Max(1, Math.Abs(expected));

    private static IMethod Build(JsonElement golden)
    {
        IMethod method = KnownMethod.Named(golden.GetProperty("method").GetString()!).Create(new ResNet(new EncoderSettings { Width = 4 }), new MethodSettings
        {
            Hidden = 6, EmbeddingSize = 5, Queue = Kept, SupportSet = Kept, Momentum = 0.9, IsSymmetric = golden.GetProperty("symmetric").GetBoolean(),
        });
        foreach (var (_, module) in method.Networks)
        {
            module.to(ScalarType.Float64);
            module.train();
        }
        using var noGradient = no_grad();
        foreach (var (network, module) in method.Networks.Where(n => n.Module is not EmbeddingRing))
        {
            string source = network.Replace("momentum-", "", StringComparison.Ordinal); // the copies start equal
            foreach (var (name, tensor) in module.state_dict().Where(t => !t.Key.EndsWith("num_batches_tracked", StringComparison.Ordinal)))
                tensor.copy_(Values($"{source}.{name}", tensor.shape));
        }
        return method;
    }

    private static Tensor Views(int number) => Values($"views-{number}", [2 * Images, 3, Size, Size]);

    private static Tensor Values(string name, long[] shape)
    {
        long count = shape.Aggregate(1L, (a, b) => a * b);
        double start = Encoding.UTF8.GetBytes(name).Sum(b => b) % 1000;
        Tensor v = arange(count, dtype: ScalarType.Float64).mul(0.37).add(start).sin().reshape(shape);
        if (name.EndsWith("running_var", StringComparison.Ordinal))
            return 1 + 0.5 * v;
        if (name.EndsWith("running_mean", StringComparison.Ordinal))
            return 0.1 * v;
        if (shape.Length == 1)
            return name.EndsWith("weight", StringComparison.Ordinal) ? 1 + 0.1 * v : 0.1 * v;
        return v * Math.Sqrt(2.0 / (count / (double)shape[0]));
    }

    // Which images a batch of views is of: in the steps some that were there before.
    private static int[] Numbers(int batch) => batch switch { 10 => [0, 1, 2], 11 => [3, 4, 5], 1 => [4, 0, 7], _ => [1, 8, 4] };

    private static double[] Numbers(JsonElement list) => list.EnumerateArray().Select(v => v.GetDouble()).ToArray();

    private static double[] Numbers(Tensor tensor) => tensor.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();
}
