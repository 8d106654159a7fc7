namespace Diptych.Models;

/// <summary>Which encoder to build. Written into every encoder file, so that the file alone is enough to build it again.</summary>
public sealed record EncoderSettings
{
    /// <summary>Names of the encoders there are.</summary>
    public static IReadOnlyList<string> Names { get; } = ["resnet18"];

    /// <summary>The architecture: <c>resnet18</c>.</summary>
    public string Name { get; init; } = "resnet18";

    /// <summary>Channels of the first stage; 64 is the published network, 16 and 32 are narrower ones for small machines.</summary>
    public int Width { get; init; } = 64;

    /// <summary>How the first layers treat the image.</summary>
    public EncoderStem Stem { get; init; } = EncoderStem.Small;

    /// <summary>Length of a feature vector: 8 × <see cref="Width"/>.</summary>
    public int FeatureCount => 8 * Width;

    /// <summary>The stem that suits images of this size: <see cref="EncoderStem.Small"/> up to 64 pixels.</summary>
    /// <param name="imageSize">Side of a view, in pixels.</param>
    public static EncoderStem StemFor(int imageSize) => imageSize <= 64 ? EncoderStem.Small : EncoderStem.ImageNet;

    /// <summary>What is wrong with these settings, one line per mistake; empty when nothing is.</summary>
    public IEnumerable<string> FindMistakes()
    {
        if (!Names.Contains(Name))
            yield return $"Unknown encoder '{Name}'. Known encoders: {string.Join(", ", Names)}.";
        if (Width is < 4 or > 512)
            yield return $"The encoder's width must be from 4 to 512 channels, but it is {Width}.";
    }
}
