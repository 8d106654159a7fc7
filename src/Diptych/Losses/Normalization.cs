using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>Rows scaled to length 1, with a gradient that needs only the scaled rows: plain operations would keep three tensors of that size.</summary>
internal sealed class Normalization : autograd.SingleTensorFunction<Normalization>
{
    private const long BlockRows = 256;

    /// <inheritdoc/>
    public override string Name => nameof(Normalization);

    /// <param name="rows"><c>[N, D]</c></param>
    /// <param name="largest">Largest magnitude in each row, <c>[N, 1]</c>: dividing by it first keeps the squares of very small or large rows in range.</param>
    public static Tensor Of(Tensor rows, Tensor largest) => apply(rows, largest);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext context, params object[] inputs)
    {
        var (rows, largest) = ((Tensor)inputs[0], (Tensor)inputs[1]);
        Tensor unit = rows / largest;
        Tensor length = unit.norm(1, keepdim: true);                                  // [N, 1]
        unit.div_(length);
        context.save_for_backward([unit, length, largest]);
        context.set_materialize_grads(false);
        Backpropagation.OfThread.KeepIn(context);
        return unit;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient) => Backpropagation.KeptIn(context).HandOver(2, () =>
    {
        if (gradient.IsInvalid)
            return null;
        List<Tensor> saved = context.get_saved_variables();
        var (unit, length, largest) = (saved[0], saved[1], saved[2]);
        Tensor result = empty_like(unit);
        // Block by block: whole products would be two more tensors of this size.
        for (long start = 0; start < unit.shape[0]; start += BlockRows)
        {
            using var block = NewDisposeScope();
            Tensor Part(Tensor whole) => whole.narrow(0, start, Math.Min(BlockRows, unit.shape[0] - start));
            (Tensor rows, Tensor slope) = (Part(unit), Part(gradient));
            Tensor along = (slope * rows).sum(dim: 1, keepdim: true);                   // [R, 1]
            Part(result).copy_((slope - along * rows).div_(Part(length)).div_(Part(largest)));
        }
        gradient.Dispose();
        return [result, null!];
    });
}
