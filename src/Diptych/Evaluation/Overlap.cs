using System.Buffers.Binary;
using System.Security.Cryptography;
using Diptych.Data;

namespace Diptych.Evaluation;

/// <summary>Finds images that two sets share, whatever their names: a test image that was learned from says nothing.</summary>
/// <remarks>Images are the same when they decode to the same pixels. Crops and copies that were saved anew are not found.</remarks>
public static class Overlap
{
    /// <summary>Decodes every image of both sets once.</summary>
    /// <param name="first">One set.</param>
    /// <param name="second">The other.</param>
    /// <returns>The names in the first and second set, in the order of the second; an image of the second is named once.</returns>
    /// <exception cref="UnreadableImageException">An image cannot be decoded.</exception>
    public static IReadOnlyList<(string First, string Second)> Find(IImageSource first, IImageSource second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var known = new Dictionary<Int128, int>();
        foreach (var (index, digest) in Digests(first).Index())
            known.TryAdd(digest, index);
        return Digests(second).Index().Where(d => known.ContainsKey(d.Item))
            .Select(d => (first.GetName(known[d.Item]), second.GetName(d.Index))).ToArray();
    }

    private static Int128[] Digests(IImageSource source)
    {
        var digests = new Int128[source.Count];
        try
        {
            Parallel.For(0, source.Count, () => new ImageBuffer(), (index, _, buffer) =>
            {
                source.Decode(index, buffer);
                digests[index] = Digest(buffer);
                return buffer;
            }, _ => { });
        }
        catch (AggregateException faults)
        {
            throw faults.InnerExceptions.OfType<UnreadableImageException>().FirstOrDefault() ?? faults.InnerExceptions[0];
        }
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
