using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>Which pairs of an anchor and a candidate stay out of a log-sum-exp.</summary>
/// <param name="Diagonals">Offsets of whole diagonals that stay out: candidate number − anchor number.</param>
internal sealed record PairMask(params long[] Diagonals)
{
    private IReadOnlyList<(int Row, int Column)> _pairs = [];
    private long[]? _labels;
    private Tensor? _sent;
    private bool _outIfSame;

    /// <summary>The candidate with the anchor's own number.</summary>
    public static PairMask SameRow { get; } = new(0);

    /// <summary>The anchor itself and the other view of its image.</summary>
    public static PairMask SameImage(long images) => new(0, images, -images);

    /// <summary>Single pairs: the number of an anchor and of a candidate each.</summary>
    public static PairMask Pairs(IReadOnlyList<(int Row, int Column)> pairs) => new() { _pairs = pairs };

    /// <summary>Every embedding of the anchor's class, itself included: what is left are negatives.</summary>
    public static PairMask SameLabel(long[] labels) => new() { _labels = labels, _outIfSame = true };

    /// <summary>The anchor itself and every embedding of another class: what is left are positives.</summary>
    public static PairMask OtherLabel(long[] labels) => new(0) { _labels = labels };

    /// <summary>Writes −∞ over the pairs that stay out. It is exact at any temperature: e^−∞ is 0.</summary>
    /// <param name="tile">Anchors by candidates.</param>
    /// <param name="row">Number of the tile's first anchor.</param>
    /// <param name="column">Number of the tile's first candidate.</param>
    public void Fill(Tensor tile, long row, long column)
    {
        (long rows, long columns) = (tile.shape[0], tile.shape[1]);
        foreach (long diagonal in Diagonals)
        {
            long offset = diagonal + row - column;
            if (offset <= -rows || offset >= columns)
                continue;
            using Tensor entries = tile.diagonal(offset, 0, 1);
            entries.Fill_(double.NegativeInfinity);
        }
        (int Row, int Column)[] within = [.. _pairs.Where(p => p.Row >= row && p.Row < row + rows && p.Column >= column && p.Column < column + columns)];
        if (within.Length > 0)
        {
            using var pairScope = NewDisposeScope();
            tile.index_put_(tile.new_empty(1).Fill_(double.NegativeInfinity),
                DeviceCopy.Send([.. within.Select(p => p.Row - row)], tile.device), DeviceCopy.Send([.. within.Select(p => p.Column - column)], tile.device));
        }
        if (_labels is null)
            return;
        using var scope = NewDisposeScope();
        Tensor own = Labels(row, rows, tile.device).unsqueeze(1), other = Labels(column, columns, tile.device);
        tile.Masked_(_outIfSame ? own == other : own != other, double.NegativeInfinity);
    }

    // Sent once: backward needs them again. The graph holds this mask, and they go with it.
    private Tensor Labels(long start, long count, Device device) =>
        (_sent ??= DeviceCopy.Send(_labels!, device).DetachFromDisposeScope()).narrow(0, start, count);
}
