using Diptych.Losses;
using Diptych.Methods;
using Diptych.Models;
using Diptych.Training;
using static TorchSharp.torch;

namespace Diptych.Tests.Training;

public sealed class MomentumSgdTests
{
    private static SimClr SmallMethod()
    {
        var encoder = new ResNet(new EncoderSettings { Width = 4 }, seed: 3);
        return new SimClr(encoder, new Projector(32, 8, 4, seed: 3));
    }

    [Fact]
    public void Biases_and_batch_norm_are_not_decayed_and_everything_else_is()
    {
        using SimClr method = SmallMethod();
        using var optimizer = new MomentumSgd(method, 0.9, 0.1);
        string[] all = method.Networks.SelectMany(n => n.Module.named_parameters().Select(p => $"{n.Name}.{p.name}")).ToArray();
        string[] expected = all.Where(n => !n.EndsWith("bias", StringComparison.Ordinal) && !n.Contains(".bn", StringComparison.Ordinal)
            && !n.Contains("downsample.1", StringComparison.Ordinal) && !n.Contains("layers.1.", StringComparison.Ordinal)).ToArray();
        Assert.Equal(expected.Order(), optimizer.DecayedNames.Order());
        Assert.Equal(22, expected.Length); // 20 convolutions and 2 linear layers
    }

    [Fact]
    public void Three_steps_are_those_of_plain_loops()
    {
        using var scope = NewDisposeScope();
        using SimClr method = SmallMethod();
        using var optimizer = new MomentumSgd(method, momentum: 0.9, weightDecay: 0.1);
        var parameters = method.Networks.SelectMany(n => n.Module.named_parameters()).Select(p => p.parameter).ToArray();
        double[][] values = parameters.Select(ToDoubles).ToArray();
        double[][] momenta = values.Select(v => new double[v.Length]).ToArray();
        foreach (double rate in new[] { 0.1, 0.05, 0.2 })
        {
            optimizer.ClearGradients();
            method.Compare(method.Embed(randn(8, 3, 8, 8)).Rows, [], ContrastiveLoss.Decoupled(0.1))[0].Value.backward();
            double[][] gradients = parameters.Select(p => ToDoubles(p.grad!)).ToArray();
            optimizer.Step(rate);
            for (int p = 0; p < values.Length; p++)
            {
                double decay = parameters[p].dim() > 1 ? 0.1 : 0;
                for (int i = 0; i < values[p].Length; i++)
                {
                    momenta[p][i] = 0.9 * momenta[p][i] + gradients[p][i] + decay * values[p][i];
                    values[p][i] -= rate * momenta[p][i];
                }
                double[] actual = ToDoubles(parameters[p]);
                for (int i = 0; i < actual.Length; i++)
                    Assert.Equal(values[p][i], actual[i], 1e-5 * Math.Max(1, Math.Abs(values[p][i])));
                values[p] = actual;
            }
        }
    }

    private static double[] ToDoubles(Tensor tensor) => tensor.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();
}
