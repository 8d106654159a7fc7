using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>log Σ e^(scale · similarity) over each anchor's candidates: the only part of a loss whose cost grows with the square of the batch.</summary>
/// <remarks>
/// Each loss is built from these vectors by operations on single anchors, so one engine serves every loss and pairing.
/// The similarities are never held all at once: see <see cref="LogSumTiles"/>.
/// </remarks>
/// <param name="Values">One for each scale, differentiable: <c>[A]</c>.</param>
/// <param name="Pairs">Similarity of each image's two views, differentiable, where asked for: <c>[A/2]</c>.</param>
/// <param name="Counts">How many candidates each anchor kept, where asked for: <c>[A]</c>.</param>
internal sealed record LogSums(IReadOnlyList<Tensor> Values, Tensor? Pairs, Tensor? Counts)
{
    /// <param name="anchors">Unit rows, <c>[A, D]</c>.</param>
    /// <param name="candidates">Unit rows, <c>[C, D]</c>; null where the anchors are the candidates too.</param>
    /// <param name="mask">The pairs that stay out; every anchor must keep one.</param>
    /// <param name="terms">What is summed.</param>
    public static LogSums Of(Tensor anchors, Tensor? candidates, PairMask mask, LogSumTerms terms)
    {
        var tiles = new LogSumTiles(mask, terms);
        List<Tensor> values = Function.apply(anchors, candidates!, tiles);
        return new LogSums(values, terms.HasPairs ? values[^1] : null, tiles.Counts);
    }

    /// <summary>Joins the tiles to autograd. What backward needs belongs to the graph, and goes when the graph goes, used or not.</summary>
    private sealed class Function : autograd.MultiTensorFunction<Function>
    {
        public override string Name => nameof(LogSums);

        public override List<Tensor> forward(autograd.AutogradContext context, params object[] inputs)
        {
            var (anchors, candidates, tiles) = ((Tensor)inputs[0], inputs[1] as Tensor, (LogSumTiles)inputs[2]);
            List<Tensor> values = tiles.Forward(anchors, candidates);
            context.set_materialize_grads(false);
            context.save_data(nameof(LogSumTiles), tiles);
            Backpropagation.OfThread.KeepIn(context);
            context.save_for_backward([anchors, candidates!, .. tiles.Saved]);
            return values;
        }

        public override List<Tensor> backward(autograd.AutogradContext context, List<Tensor> gradients) => Backpropagation.KeptIn(context).HandOver(3, () =>
        {
            List<Tensor> saved = context.get_saved_variables();
            var tiles = (LogSumTiles)context.get_data(nameof(LogSumTiles));
            (Tensor? ofAnchors, Tensor? ofCandidates) = tiles.Backward(saved[0], saved[1], [.. saved.Skip(2)], gradients);
            foreach (Tensor gradient in gradients)
                gradient.Dispose(); // of no scope where the thread is libtorch's
            return [ofAnchors!, ofCandidates!, null!];
        });
    }
}
