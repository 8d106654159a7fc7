using Diptych.Methods;
using static TorchSharp.torch;

namespace Diptych.Tests.Methods;

public sealed class EmbeddingRingTests
{
    // Row n of the stream points along (n, 1): its slope tells it again after scaling.
    private static Tensor Stream(int first, int count) => stack([arange(first, first + count).to(ScalarType.Float32), ones(count)], dim: 1);

    private static int[] Range(int first, int count) => [.. Enumerable.Range(first, count)];

    private static int[] Numbers(EmbeddingRing ring) => Enumerable.Range(0, ring.Count).Select(i => (int)Math.Round(ring.Filled()[i][0].item<float>() / ring.Filled()[i][1].item<float>())).ToArray();

    [Theory]
    [InlineData(7, 3)]      // not a multiple
    [InlineData(8, 4)]
    [InlineData(1, 5)]      // smaller than a batch
    [InlineData(20, 6)]     // never full
    public void Holds_the_latest_embeddings_whatever_its_size(int size, int batch)
    {
        using var scope = NewDisposeScope();
        using var ring = new EmbeddingRing("queue", size, 2);
        int[] places = new int[size];
        int added = 0;
        for (int step = 0; step < 3; step++)
        {
            ring.Add(Stream(added, batch), Range(added, batch));
            for (int i = 0; i < batch; i++, added++)
                places[added % size] = added;
            Assert.Equal(Math.Min(size, added), ring.Count);
            Assert.Equal(added % size, ring.Next);
            Assert.Equal(places.Take(ring.Count), Numbers(ring));
            Assert.Equal(places.Take(ring.Count).Select(place => (long)place), ring.Images());
        }
    }

    [Fact]
    public void Rows_have_length_one()
    {
        using var scope = NewDisposeScope();
        using var ring = new EmbeddingRing("queue", 4, 3);
        ring.Add(randn(4, 3) * 100, Range(0, 4));
        Assert.True(ring.Filled().norm(1).allclose(ones(4)));
    }

    [Fact]
    public void What_it_holds_is_its_state()
    {
        using var scope = NewDisposeScope();
        using var ring = new EmbeddingRing("queue", 4, 2);
        using var other = new EmbeddingRing("queue", 4, 2);
        ring.Add(Stream(0, 6), Range(0, 6));
        foreach (var (name, tensor) in other.state_dict())
            tensor.copy_(ring.state_dict()[name]);
        Assert.Equal(["filled", "images", "next", "rows"], ring.state_dict().Keys.Order());
        Assert.Equal((ring.Next, ring.Count), (other.Next, other.Count));
        Assert.Equal(Numbers(ring), Numbers(other));
        Assert.Equal(ring.Images(), other.Images());
        Assert.Contains("4 embeddings and 3 images", Assert.Throws<ArgumentException>(() => ring.Add(Stream(0, 4), Range(0, 3))).Message, StringComparison.Ordinal);
    }
}
