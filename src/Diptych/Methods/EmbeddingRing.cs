using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Diptych.Methods;

/// <summary>The latest embeddings of earlier images, of length 1: MoCo's queue, NNCLR's support set.</summary>
/// <remarks>
/// New ones take the place of the oldest, around the end where the size is no multiple of the batch. It starts empty, and what
/// is not filled yet is never handed out. Rows, the images they are of, pointer and fill are buffers: they travel with checkpoints.
/// </remarks>
public sealed class EmbeddingRing : nn.Module
{
    private static readonly string[] OnProcessor = ["next", "filled", "images"];

    /// <summary>Makes an empty ring.</summary>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="size">Embeddings it holds when full, ≥ 1.</param>
    /// <param name="dimensions">Length D of an embedding.</param>
    public EmbeddingRing(string name, int size, int dimensions) : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        Size = size;
        register_buffer("rows", zeros(size, dimensions).DetachFromDisposeScope());
        register_buffer("next", zeros([], ScalarType.Int64).DetachFromDisposeScope());
        register_buffer("filled", zeros([], ScalarType.Int64).DetachFromDisposeScope());
        register_buffer("images", zeros(size, ScalarType.Int64).DetachFromDisposeScope());
    }

    /// <summary>Embeddings it holds when full.</summary>
    public int Size { get; }

    /// <summary>Embeddings it holds now.</summary>
    public int Count => (int)Buffer("filled").item<long>();

    /// <summary>Where the next embedding goes, 0-based.</summary>
    public int Next => (int)Buffer("next").item<long>();

    /// <summary>The embeddings it holds, <c>[Count, D]</c>, in no order of time: a view of its memory.</summary>
    public Tensor Filled() => Buffer("rows").narrow(0, 0, Count);

    /// <summary>Which image each of <see cref="Filled"/> is of.</summary>
    public long[] Images() => Buffer("images").data<long>().ToArray()[..Count];

    /// <summary>Adds embeddings in their order, scaled to length 1; the oldest make room.</summary>
    /// <param name="embeddings"><c>[N, D]</c>, any N; of more than <see cref="Size"/> only the last stay.</param>
    /// <param name="images">The image that each is of, N.</param>
    public void Add(Tensor embeddings, IReadOnlyList<int> images)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count != embeddings.shape[0])
            throw new ArgumentException($"Each embedding is of one image, but there are {embeddings.shape[0]} embeddings and {images.Count} images.");
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor rows = Buffer("rows");
        long added = embeddings.shape[0], kept = Math.Min(added, Size);
        Tensor last = nn.functional.normalize(embeddings.narrow(0, added - kept, kept).to_type(rows.dtype), dim: 1);
        using Scalar size = ((long)Size).ToScalar();
        Tensor places = Arithmetic.Range(Next + added - kept, Next + added, ScalarType.Int64, rows.device).remainder(size);
        rows.index_copy_(0, places, last);
        using TensorAccessor<long> numbers = Buffer("images").data<long>();
        for (long i = added - kept, next = Next; i < added; i++)
            numbers[(next + i) % Size] = images[(int)i];
        Buffer("next").Fill_((Next + added) % Size);
        Buffer("filled").Fill_(Math.Min(Size, Count + added));
    }

    /// <summary>Moves the embeddings. Images, pointer and fill stay on the CPU: every step reads them, and none may wait for a device.</summary>
    protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
    {
        var kept = OnProcessor.Select(name => (Name: name, Value: Buffer(name).clone().DetachFromDisposeScope())).ToArray();
        base._toEpilog(dtype, device, non_blocking);
        foreach (var (name, value) in kept)
        {
            Buffer(name).Dispose();
            ConditionallyRegisterBuffer(name, value);
        }
    }

    private Tensor Buffer(string name) => get_buffer(name) ?? throw new InvalidOperationException($"{GetName()} has no buffer {name}.");
}
