using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>What a loss says about one batch. Belongs to the dispose scope it was made in; outside of one, dispose it.</summary>
public sealed class LossValue : IDisposable
{
    internal LossValue(Tensor value, Tensor perAnchor, ContrastiveDiagnostics diagnostics) =>
        (Value, PerAnchor, Diagnostics) = (value, perAnchor, diagnostics);

    /// <summary>The mean over all anchors: a scalar to call <c>backward()</c> on, in float32, or float64 where an input was.</summary>
    public Tensor Value { get; }

    /// <summary>How the batch stands; but for q and the mean negative similarity it costs nothing until it is read.</summary>
    public ContrastiveDiagnostics Diagnostics { get; }

    /// <summary>Each anchor's loss, view-major, with its gradient: <c>[2N]</c> or <c>[N]</c>.</summary>
    internal Tensor PerAnchor { get; }

    /// <summary>Frees the tensors, those of <see cref="Diagnostics"/> included.</summary>
    public void Dispose()
    {
        Value.Dispose();
        PerAnchor.Dispose();
        Diagnostics.Dispose();
    }

    internal LossValue MoveToOuterDisposeScope()
    {
        Value.MoveToOuterDisposeScope();
        PerAnchor.MoveToOuterDisposeScope();
        Diagnostics.MoveToOuterDisposeScope();
        return this;
    }
}
