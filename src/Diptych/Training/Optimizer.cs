using Diptych.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Turns gradients into an update of the parameters that ask for them, with its state in reach of checkpoints.</summary>
/// <remarks>Two groups: weights are decayed; biases and batch-norm, i.e. every parameter with one dimension, are excluded. Source: Chen et al., arXiv 2002.05709, appendix B.</remarks>
public abstract class Optimizer : IDisposable
{
    private Slot[] _slots;
    private Slot[]? _groups; // of slots that lie side by side; null where none do
    private Tensor? _joinedGradient;

    private protected Optimizer(IMethod method, double weightDecay, params string[] stateNames)
        : this((method ?? throw new ArgumentNullException(nameof(method))).Networks, weightDecay, null, stateNames)
    {
    }

    private protected Optimizer(IEnumerable<(string Name, nn.Module Module)> networks, double weightDecay, Func<string, double>? rateShare, params string[] stateNames)
    {
        WeightDecay = weightDecay;
        StateNames = stateNames;
        // State has the strides of its parameter, so that resumed arithmetic runs in the same order.
        _slots = networks.SelectMany(n => n.Module.named_parameters().Where(p => p.parameter.requires_grad).Select(p => new Slot(
            $"{n.Name}.{p.name}", p.parameter, p.parameter.dim() <= 1, rateShare?.Invoke($"{n.Name}.{p.name}") ?? 1, stateNames.Select(_ => zeros_like(p.parameter).DetachFromDisposeScope()).ToArray()))).ToArray();
    }

    /// <summary>Pull of weights towards zero.</summary>
    private protected double WeightDecay { get; }

    /// <summary>Updates done before the one at hand.</summary>
    private protected int Steps { get; private set; }

    /// <summary>Names of the parameters that weight decay pulls on.</summary>
    internal IEnumerable<string> DecayedNames => _slots.Where(s => !s.IsExcluded).Select(s => s.Name);

    /// <summary>Whether an update treats each number of a parameter by itself.</summary>
    private protected virtual bool IsElementwise => true;

    private string[] StateNames { get; }

    /// <summary>Lays parameters and state side by side in memory, so that a step takes a few operations instead of a few for each parameter: what a GPU waits for is the host that starts them.</summary>
    /// <remarks>On a CPU the copy of the gradients costs more than the starts. Optimizers that look at a parameter as a whole change nothing.</remarks>
    internal void Join()
    {
        if (!IsElementwise || _groups is not null)
            return;
        using var scope = NewDisposeScope();
        Slot[][] groups = [.. _slots.GroupBy(s => (s.IsExcluded, s.RateShare)).Select(g => g.ToArray())];
        _slots = [.. groups.SelectMany(g => g)];
        Tensor weights = SideBySide.Join([.. _slots.Select(s => s.Parameter)]);
        Tensor[] state = [.. StateNames.Select((_, i) => SideBySide.Join([.. _slots.Select(s => s.State[i])]))];
        long offset = 0;
        _groups = Array.ConvertAll(groups, group =>
        {
            long length = group.Sum(s => s.Parameter.numel());
            Tensor Range(Tensor all) => all.narrow(0, offset, length).DetachFromDisposeScope();
            Slot joined = group[0] with { Name = $"{group.Length} parameters", Parameter = Range(weights), State = Array.ConvertAll(state, Range) };
            offset += length;
            return joined;
        });
    }

    /// <summary>Drops the gradients: the next backward pass leaves its own in their place, without adding them to zeros.</summary>
    public void ClearGradients()
    {
        using var scope = NewDisposeScope();
        foreach (Slot slot in _slots)
            slot.Parameter.grad = null;
        ForgetJoined();
    }

    /// <summary>The length of all gradients together; where it exceeds the maximum, they are scaled down to it. No device is waited for.</summary>
    /// <param name="maximum">Greatest length to leave; null only measures.</param>
    /// <returns>The length before: a scalar, where the gradients are.</returns>
    public Tensor ClipGradients(double? maximum)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor[] gradients = JoinedGradient() is { } all ? [all] : _slots.Select(s => s.Parameter.grad).OfType<Tensor>().ToArray();
        Tensor norm = stack(gradients.Select(g => g.norm())).norm();
        if (maximum is { } most)
        {
            using Scalar greatest = most.ToScalar();
            Tensor share = norm.reciprocal().mul_(greatest).clamp_max_(Arithmetic.One);
            foreach (Tensor gradient in gradients)
                gradient.mul_(share);
        }
        return norm.MoveToOuterDisposeScope();
    }

    /// <summary>One update from the gradients at hand.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    public void Step(double learningRate)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        if (JoinedGradient() is { } all)
        {
            long offset = 0;
            UpdateAll([.. _groups!.Select(group =>
            {
                Tensor own = all.narrow(0, offset, group.Parameter.numel());
                offset += own.numel();
                return (group, own, learningRate * group.RateShare);
            })]);
            ForgetJoined();
        }
        else
        {
            UpdateAll([.. _slots.Where(slot => slot.Parameter.grad is not null).Select(slot => (slot, slot.Parameter.grad!, learningRate * slot.RateShare))]);
        }
        Steps++;
    }

    /// <summary>The whole state: <c>optimizer.steps</c>, and <c>optimizer.STATE.PARAMETER</c> for each parameter.</summary>
    public IEnumerable<(string Name, Tensor Value)> State() =>
        _slots.SelectMany(s => s.State.Select((tensor, i) => ($"optimizer.{StateNames[i]}.{s.Name}", tensor))).Append(("optimizer.steps", tensor((long)Steps)));

    /// <summary>Puts back what <see cref="State"/> gave.</summary>
    /// <param name="tensors">Tensors by name; others than the optimizer's are ignored.</param>
    /// <exception cref="InvalidInputException">One is missing.</exception>
    public void Restore(IReadOnlyDictionary<string, Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        using var noGradient = no_grad();
        Tensor Saved(string name) => tensors.TryGetValue(name, out Tensor? saved) ? saved
            : throw new InvalidInputException($"The checkpoint holds no {name}: it was written by another optimizer or an earlier version. Start a new run.");
        foreach (Slot slot in _slots)
        {
            for (int i = 0; i < slot.State.Length; i++)
                slot.State[i].copy_(Saved($"optimizer.{StateNames[i]}.{slot.Name}"));
        }
        Steps = (int)Saved("optimizer.steps").item<long>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _slots.SelectMany(s => s.State).Concat((_groups ?? []).SelectMany(g => g.State.Append(g.Parameter))))
            tensor.Dispose();
        ForgetJoined();
        GC.SuppressFinalize(this);
    }

    // The gradients in the order of the groups; null where parameters are apart, or one has none in this step.
    private Tensor? JoinedGradient()
    {
        if (_groups is null || _joinedGradient is not null)
            return _joinedGradient;
        Tensor?[] gradients = [.. _slots.Select(s => s.Parameter.grad)];
        return gradients.Any(g => g is null) ? null : _joinedGradient = SideBySide.Numbers(gradients!).DetachFromDisposeScope();
    }

    private void ForgetJoined()
    {
        _joinedGradient?.Dispose();
        _joinedGradient = null;
    }

    // Updates hold their scalars by `using`, see Arithmetic: it also spares the collector some hundreds of finalizers a step.
    private protected abstract void Update(Slot slot, Tensor gradient, double learningRate);

    // For updates that do several at once.
    private protected virtual void UpdateAll(IReadOnlyList<(Slot Slot, Tensor Gradient, double LearningRate)> slots)
    {
        foreach (var (slot, gradient, learningRate) in slots)
            Update(slot, gradient, learningRate);
    }

    /// <summary>One parameter, or several joined ones, and what the optimizer remembers of it.</summary>
    /// <param name="Name">Network and parameter.</param>
    /// <param name="Parameter">What is updated; of joined ones, their numbers.</param>
    /// <param name="IsExcluded">Whether weight decay (and LARS' adaptation) leaves it out.</param>
    /// <param name="RateShare">What the learning rate is multiplied by for it.</param>
    /// <param name="State">One tensor of its shape for each of the optimizer's state names.</param>
    private protected sealed record Slot(string Name, Tensor Parameter, bool IsExcluded, double RateShare, Tensor[] State);
}
