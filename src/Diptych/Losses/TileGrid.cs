using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>How a matrix of anchors by candidates is cut into tiles, in a fixed order.</summary>
/// <param name="anchors">Its rows.</param>
/// <param name="candidates">Its columns.</param>
/// <param name="device">Where it is computed. A tile of the CPU's is 1 MiB of float32, which a core's own cache holds; smaller ones multiply more slowly.
/// A GPU waits for the host to start the operations of each, so that its tile takes 64 MiB.</param>
internal sealed class TileGrid(long anchors, long candidates, DeviceType device)
{
    private readonly long _rows = Math.Min(anchors, Side(device));
    private readonly long _columns = Math.Min(candidates, Side(device) * Side(device) / Math.Min(anchors, Side(device)));

    public bool IsOneTile => _rows == anchors && _columns == candidates;

    public IEnumerable<(long Start, long Length)> Rows => Blocks(anchors, _rows);

    public IEnumerable<(long Start, long Length)> Columns => Blocks(candidates, _columns);

    /// <summary>Memory for one tile, used for each in turn.</summary>
    public Tensor Buffer(Tensor like) => like.new_empty(_rows * _columns);

    /// <summary>exp's argument for one tile, <c>[R, C]</c>: the product of scaled anchors and candidates.</summary>
    public static Tensor Product(Tensor buffer, Tensor scaled, Tensor candidates)
    {
        (long rows, long columns) = (scaled.shape[0], candidates.shape[0]);
        return buffer.narrow(0, 0, rows * columns).view(rows, columns).addmm_(scaled, candidates.t(), beta: 0, alpha: 1);
    }

    // Of a square tile, which is what many anchors get.
    private static long Side(DeviceType device) => device == DeviceType.CPU ? 512 : 4096;

    private static IEnumerable<(long Start, long Length)> Blocks(long count, long length)
    {
        for (long start = 0; start < count; start += length)
            yield return (start, Math.Min(length, count - start));
    }
}
