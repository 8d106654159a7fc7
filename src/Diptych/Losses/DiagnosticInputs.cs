using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>What the figures of <see cref="ContrastiveDiagnostics"/> are computed from, kept until several batches are looked at together.</summary>
/// <param name="Q"><c>[A]</c></param>
/// <param name="Anchors">Of length 1, <c>[N, D]</c>.</param>
/// <param name="Positives">In the same order, <c>[N, D]</c>.</param>
/// <param name="NegativeSimilarity">A scalar.</param>
/// <param name="Unchecked">Embeddings whose values are to be checked when the device is read anyway.</param>
internal sealed record DiagnosticInputs(Tensor Q, Tensor Anchors, Tensor Positives, Tensor NegativeSimilarity, IReadOnlyList<UnitRows> Unchecked) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in new[] { Q, Anchors, Positives, NegativeSimilarity }.Concat(Unchecked.Select(rows => rows.Largest)))
            tensor.Dispose();
    }
}
