using Diptych.Losses;
using Diptych.Methods;
using Diptych.Models;
using Diptych.Training;
using Parameter = TorchSharp.Modules.Parameter;
using static TorchSharp.torch;

namespace Diptych.Tests.Training;

public sealed class OptimizerTests
{
    private const double Momentum = 0.9, Decay = 0.1;

    public OptimizerTests() => set_num_threads(1);

    private static SimClr SmallMethod()
    {
        var encoder = new ResNet(new EncoderSettings { Name = "resnet10", Width = 4 }, seed: 3, zeroInit: true); // lengths of 0 too
        return new SimClr(encoder, new Projector(32, 8, 4, seed: 3));
    }

    private static Optimizer Create(string name, IMethod method) => name switch
    {
        "sgd" => new Sgd(method, Momentum, Decay),
        "nesterov" => new Sgd(method, Momentum, Decay, isNesterov: true),
        "lars" => new Lars(method, Momentum, Decay),
        _ => new AdamW(method, Decay),
    };

    [Fact]
    public void Biases_and_batch_norm_are_not_decayed_and_everything_else_is()
    {
        using SimClr method = SmallMethod();
        using var optimizer = new Sgd(method, 0.9, 0.1);
        string[] all = method.Networks.SelectMany(n => n.Module.named_parameters().Select(p => $"{n.Name}.{p.name}")).ToArray();
        string[] expected = all.Where(n => !n.EndsWith("bias", StringComparison.Ordinal) && !n.Contains(".bn", StringComparison.Ordinal)
            && !n.Contains("downsample.1", StringComparison.Ordinal) && !n.Contains("layers.1.", StringComparison.Ordinal)).ToArray();
        Assert.Equal(expected.Order(), optimizer.DecayedNames.Order());
        Assert.Equal(14, expected.Length); // 12 convolutions and 2 linear layers
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("nesterov")]
    [InlineData("lars")]
    [InlineData("adamw")]
    public void Three_steps_are_those_of_plain_loops(string name)
    {
        using var scope = NewDisposeScope();
        using SimClr method = SmallMethod();
        using Optimizer optimizer = Create(name, method);
        Parameter[] parameters = Parameters(method);
        var plain = parameters.Select(p => new PlainParameter(ToDoubles(p), isExcluded: p.dim() <= 1)).ToArray();
        foreach (double rate in new[] { 0.1, 0.05, 0.2 })
        {
            AddGradients(method, optimizer);
            double[][] gradients = parameters.Select(p => ToDoubles(p.grad!)).ToArray();
            optimizer.Step(rate);
            for (int p = 0; p < plain.Length; p++)
            {
                plain[p].Step(name, gradients[p], rate);
                double[] actual = ToDoubles(parameters[p]);
                for (int i = 0; i < actual.Length; i++)
                    Assert.Equal(plain[p].Values[i], actual[i], 1e-5 * Math.Max(1, Math.Abs(plain[p].Values[i])));
                actual.CopyTo(plain[p].Values, 0);
            }
        }
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("nesterov")]
    [InlineData("lars")]
    [InlineData("adamw")]
    public void Joined_parameters_are_updated_and_clipped_as_single_ones(string name)
    {
        using var scope = NewDisposeScope();
        using SimClr first = SmallMethod(), second = SmallMethod();
        using Optimizer single = Create(name, first), joined = Create(name, second);
        for (int step = 0; step < 4; step++)
        {
            if (step == 1)
                joined.Join(); // with what it remembers by then
            single.ClearGradients();
            joined.ClearGradients();
            foreach (var (i, (a, b)) in Parameters(first).Zip(Parameters(second)).Index())
            {
                if (step != 2 || i != 3) // there, one took no part
                    b.grad = (a.grad = randn_like(a)).clone();
            }
            Assert.Equal(single.ClipGradients(0.5).item<float>(), joined.ClipGradients(0.5).item<float>(), 1e-3);
            single.Step(0.1);
            joined.Step(0.1);
            foreach (var (a, b) in Parameters(first).Zip(Parameters(second)))
            {
                Assert.Equal(a.stride(), b.stride());
                Assert.True(a.allclose(b, rtol: 1e-4, atol: 1e-5));
            }
        }
        var (expected, found) = (single.State().ToDictionary(), joined.State().ToDictionary());
        Assert.Equal(expected.Keys.Order(), found.Keys.Order());
        foreach (var (key, value) in expected)
            Assert.True(value.allclose(found[key], rtol: 1e-3, atol: 1e-5), key);
        Dictionary<string, Tensor> halved = expected.ToDictionary(t => t.Key, t => t.Key == "optimizer.steps" ? t.Value : t.Value.Times(0.5));
        joined.Restore(halved);
        Assert.All(joined.State(), t => Assert.True(t.Value.equal(halved[t.Name]).all().item<bool>()));
    }

    [Theory]
    [InlineData("sgd", 1)]
    [InlineData("lars", 1)]
    [InlineData("adamw", 2)]
    public void Its_state_makes_another_go_on_alike(string name, int tensorsEach)
    {
        using var scope = NewDisposeScope();
        using SimClr first = SmallMethod(), second = SmallMethod();
        using Optimizer one = Create(name, first), other = Create(name, second);
        Tensor views = randn(8, 3, 8, 8);
        for (int i = 0; i < 2; i++)
        {
            AddGradients(first, one, views);
            one.Step(0.1);
        }
        using (no_grad())
        {
            foreach (var (a, b) in first.Networks.Zip(second.Networks))
            {
                foreach (var (key, tensor) in a.Module.state_dict())
                    b.Module.state_dict()[key].copy_(tensor);
            }
        }
        var state = one.State().ToDictionary(t => t.Name, t => t.Value);
        Assert.Equal(tensorsEach * Parameters(first).Length + 1, state.Count);
        other.Restore(state);
        foreach (var (method, optimizer) in new[] { (first, one), (second, other) })
        {
            AddGradients(method, optimizer, views);
            optimizer.Step(0.1);
        }
        Assert.All(Parameters(first).Zip(Parameters(second)), p => Assert.True(p.First.equal(p.Second).all().item<bool>()));

        state.Remove("optimizer.steps");
        Assert.Contains("holds no optimizer.steps", Assert.Throws<InvalidInputException>(() => other.Restore(state)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_gradient_is_cut_to_the_length_asked_for_and_a_short_one_left()
    {
        using var scope = NewDisposeScope();
        using SimClr method = SmallMethod();
        using var optimizer = new Sgd(method, 0.9, 0);
        AddGradients(method, optimizer);
        double expected = Math.Sqrt(Parameters(method).Sum(p => ToDoubles(p.grad!).Sum(g => g * g)));
        Assert.Equal(expected, optimizer.ClipGradients(null).item<float>(), expected * 1e-5);
        Assert.Equal(expected, optimizer.ClipGradients(expected * 2).item<float>(), expected * 1e-5);
        Assert.Equal(expected, optimizer.ClipGradients(expected / 4).item<float>(), expected * 1e-5);
        Assert.Equal(expected / 4, optimizer.ClipGradients(null).item<float>(), expected * 1e-5);
    }

    private static Parameter[] Parameters(SimClr method) => method.Networks.SelectMany(n => n.Module.named_parameters()).Select(p => p.parameter).ToArray();

    private static void AddGradients(SimClr method, Optimizer optimizer, Tensor? views = null)
    {
        optimizer.ClearGradients();
        method.Compare(method.Embed(views ?? randn(8, 3, 8, 8)).Rows, [], [0, 1, 2, 3], ContrastiveLoss.Decoupled(0.1))[0].Value.backward();
    }

    private static double[] ToDoubles(Tensor tensor) => tensor.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();

    private sealed class PlainParameter(double[] values, bool isExcluded)
    {
        private readonly double[] _first = new double[values.Length], _second = new double[values.Length];
        private int _steps;

        public double[] Values => values;

        public void Step(string name, double[] gradient, double rate)
        {
            _steps++;
            double decay = isExcluded ? 0 : Decay, trust = 1;
            double weights = Math.Sqrt(values.Sum(v => v * v)), slope = Math.Sqrt(gradient.Sum(g => g * g));
            if (!isExcluded && weights > 0 && slope > 0)
                trust = 0.001 * weights / (slope + decay * weights);
            for (int i = 0; i < values.Length; i++)
            {
                double g = gradient[i] + decay * values[i];
                switch (name)
                {
                    case "sgd":
                        _first[i] = Momentum * _first[i] + g;
                        values[i] -= rate * _first[i];
                        break;
                    case "nesterov":
                        _first[i] = Momentum * _first[i] + g;
                        values[i] -= rate * (g + Momentum * _first[i]);
                        break;
                    case "lars":
                        _first[i] = Momentum * _first[i] + rate * trust * g;
                        values[i] -= _first[i];
                        break;
                    default:
                        _first[i] = 0.9 * _first[i] + 0.1 * gradient[i];
                        _second[i] = 0.999 * _second[i] + 0.001 * gradient[i] * gradient[i];
                        double mean = _first[i] / (1 - Math.Pow(0.9, _steps)), square = _second[i] / (1 - Math.Pow(0.999, _steps));
                        values[i] -= rate * (decay * values[i] + mean / (Math.Sqrt(square) + 1e-8));
                        break;
                }
            }
        }
    }
}
