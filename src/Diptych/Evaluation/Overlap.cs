using System.Buffers.Binary;
using System.Security.Cryptography;
using Diptych.Data;

namespace Diptych.Evaluation;

/// <summary>Finds test images among others, whatever their names: a test image that was learned from says nothing.</summary>
/// <remarks>Images are the same when they decode to the same pixels. Crops and copies that were saved anew are not found.</remarks>
public sealed class Overlap
{
    private readonly IImageSource _test;
    private readonly Int128[] _digests;

    /// <summary>Decodes every test image once.</summary>
    /// <param name="test">The images to look for; not disposed.</param>
    /// <exception cref="UnreadableImageException">An image cannot be decoded.</exception>
    public Overlap(IImageSource test)
    {
        ArgumentNullException.ThrowIfNull(test);
        (_test, _digests) = (test, Digests(test));
    }

    /// <summary>Decodes every image of another set once.</summary>
    /// <param name="train">Where to look.</param>
    /// <returns>The names of a training image and the test image that it is, in the order of the test images; a test image is named once.</returns>
    /// <exception cref="UnreadableImageException">An image cannot be decoded.</exception>
    public IReadOnlyList<(string Train, string Test)> FindIn(IImageSource train)
    {
        ArgumentNullException.ThrowIfNull(train);
        var known = new Dictionary<Int128, int>();
        foreach (var (index, digest) in Digests(train).Index())
            known.TryAdd(digest, index);
        return _digests.Index().Where(d => known.ContainsKey(d.Item))
            .Select(d => (train.GetName(known[d.Item]), _test.GetName(d.Index))).ToArray();
    }

    private static Int128[] Digests(IImageSource source)
    {
        var digests = new Int128[source.Count];
        ImageThreads.ForEach(source.Count, Environment.ProcessorCount, () => new ImageBuffer(), (index, buffer) =>
        {
            source.Decode(index, buffer);
            digests[index] = Digest(buffer);
        });
        return digests;
    }

    private static Int128 Digest(ImageBuffer image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> size = stackalloc byte[8], digest = stackalloc byte[32];
        BinaryPrimitives.WriteInt32LittleEndian(size, image.Width);
        BinaryPrimitives.WriteInt32LittleEndian(size[4..], image.Height);
        hash.AppendData(size);
        hash.AppendData(RawPixels.Pack(image.Pixels)); // the fourth byte of a pixel has no meaning
        hash.GetHashAndReset(digest);
        return BinaryPrimitives.ReadInt128LittleEndian(digest);
    }
}
