using Diptych.Methods;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Stochastic gradient descent with momentum over a method's networks, with its state in reach of checkpoints.</summary>
/// <remarks>Weight decay leaves out biases and batch-norm, i.e. every parameter with one dimension. Source: Chen et al., arXiv 2002.05709, appendix B.</remarks>
public sealed class MomentumSgd : IDisposable
{
    private readonly SGD _optimizer;
    private readonly (string Name, Parameter Parameter)[] _parameters;

    /// <summary>Takes over the parameters of the method that ask for a gradient.</summary>
    /// <param name="method">Whose parameters to train.</param>
    /// <param name="momentum">Share of the last update that is kept, in [0, 1).</param>
    /// <param name="weightDecay">Pull towards zero on weights, ≥ 0.</param>
    public MomentumSgd(IMethod method, double momentum, double weightDecay)
    {
        ArgumentNullException.ThrowIfNull(method);
        var all = method.Networks.SelectMany(n => n.Module.named_parameters().Where(p => p.parameter.requires_grad).Select(p => (Name: $"{n.Name}.{p.name}", Parameter: p.parameter))).ToArray();
        var decayed = all.Where(p => p.Parameter.dim() > 1).ToArray();
        var free = all.Where(p => p.Parameter.dim() <= 1).ToArray();
        _parameters = [.. decayed, .. free]; // the optimizer numbers its state in the order of its groups
        _optimizer = new SGD(
            [
                new SGD.ParamGroup(decayed.Select(p => p.Parameter), new SGD.Options { weight_decay = weightDecay }),
                new SGD.ParamGroup(free.Select(p => p.Parameter), new SGD.Options { weight_decay = 0 }),
            ],
            lr: 0, momentum: momentum);
    }

    /// <summary>Names of the parameters that weight decay pulls on.</summary>
    internal IEnumerable<string> DecayedNames => _parameters.Where(p => p.Parameter.dim() > 1).Select(p => p.Name);

    /// <summary>Clears the gradients, so that the next backward pass starts from none.</summary>
    public void ClearGradients() => _optimizer.zero_grad();

    /// <summary>One update from the gradients at hand.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    public void Step(double learningRate)
    {
        foreach (var group in _optimizer.ParamGroups)
            group.LearningRate = learningRate;
        _optimizer.step();
    }

    /// <summary>The momentum of every parameter that has been updated at least once, as <c>optimizer.momentum.NAME</c>.</summary>
    public IEnumerable<(string Name, Tensor Value)> State()
    {
        var states = _optimizer.state_dict().State;
        for (int i = 0; i < _parameters.Length; i++)
        {
            if (((SGD.State)states[i]).momentum_buffer is { } buffer)
                yield return ($"optimizer.momentum.{_parameters[i].Name}", buffer);
        }
    }

    /// <summary>Puts back what <see cref="State"/> gave.</summary>
    /// <param name="tensors">Tensors by name; others than the optimizer's are ignored.</param>
    public void Restore(IReadOnlyDictionary<string, Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        using var noGradient = no_grad();
        var states = _optimizer.state_dict().State;
        for (int i = 0; i < _parameters.Length; i++)
        {
            if (!tensors.TryGetValue($"optimizer.momentum.{_parameters[i].Name}", out Tensor? saved))
                continue;
            // Same strides as the parameter, so that resumed arithmetic runs in the same order.
            Tensor buffer = zeros_like(_parameters[i].Parameter).copy_(saved);
            ((SGD.State)states[i]).momentum_buffer = buffer.DetachFromDisposeScope();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _optimizer.Dispose();
}
