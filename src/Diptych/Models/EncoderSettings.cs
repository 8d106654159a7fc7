namespace Diptych.Models;

/// <summary>Which encoder to build. Written into every encoder file, so that the file alone is enough to build it again.</summary>
public sealed record EncoderSettings
{
    /// <summary>The architecture: one of <see cref="KnownEncoder.Names"/>.</summary>
    public string Name { get; init; } = "resnet18";

    /// <summary>Channels of the first stage; 64 is the published network, 16 and 32 are narrower ones for small machines.</summary>
    public int Width { get; init; } = 64;

    /// <summary>Channels of an image: 3 for colour, 1 for gray.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>How the first layers treat the image.</summary>
    public EncoderStem Stem { get; init; } = EncoderStem.Small;

    /// <summary>Length of a feature vector: 8 × <see cref="Width"/>, four times that with bottleneck blocks.</summary>
    /// <exception cref="InvalidInputException">The name is unknown.</exception>
    public int FeatureCount => 8 * Width * (KnownEncoder.Named(Name).HasBottlenecks ? Bottleneck.Expansion : 1);

    /// <summary>Bytes of the largest activation of a batch: what the stem or, with the small stem, a bottleneck of the first stage gives.</summary>
    /// <param name="images">Images of the batch.</param>
    /// <param name="size">Their side, in pixels.</param>
    /// <param name="bytes">Bytes of a value: 4 in float32, 2 in bfloat16.</param>
    internal long LargestActivation(long images, int size, int bytes)
    {
        int side = Stem == EncoderStem.Small ? size : (size + 1) / 2, widening = Stem == EncoderStem.Small && KnownEncoder.Named(Name).HasBottlenecks ? Bottleneck.Expansion : 1;
        return images * Width * widening * side * side * bytes;
    }

    /// <summary>The stem that suits images of this size: <see cref="EncoderStem.Small"/> up to 64 pixels.</summary>
    /// <param name="imageSize">Side of a view, in pixels.</param>
    public static EncoderStem StemFor(int imageSize) => imageSize <= 64 ? EncoderStem.Small : EncoderStem.ImageNet;

    /// <summary>What is wrong with these settings, one line per mistake; empty when nothing is.</summary>
    public IEnumerable<string> FindMistakes()
    {
        if (!KnownEncoder.Names.Contains(Name))
            yield return NearMiss.Describe("encoder", Name, KnownEncoder.Names);
        if (Width is < 4 or > 512)
            yield return $"The encoder's width must be from 4 to 512 channels, but it is {Width}.";
        if (Channels is < 1 or > 1024)
            yield return $"The encoder's images must have from 1 to 1,024 channels, but there are {Channels}.";
    }
}
