using Diptych.Data;

namespace Diptych.Tests.Data;

/// <summary>What a source holds, in forms that compare.</summary>
internal static class SourceContents
{
    public static string[] Names(this IImageSource source) => Enumerable.Range(0, source.Count).Select(source.GetName).ToArray();

    public static int[] Labels(this IImageSource source) => Enumerable.Range(0, source.Count).Select(source.GetLabel).ToArray();

    public static (int Width, int Height, byte[] Pixels) Image(this IImageSource source, int index)
    {
        var buffer = new ImageBuffer();
        source.Decode(index, buffer);
        return (buffer.Width, buffer.Height, buffer.Pixels.ToArray());
    }

    public static IReadOnlyList<UnreadableImage> Unreadable(this IImageSource source, int workers) =>
        ReadabilityCheck.FindUnreadable(source, workers, cancellation: TestContext.Current.CancellationToken);

    public static void AssertSame(IImageSource expected, IImageSource actual)
    {
        Assert.Equal(expected.Names(), actual.Names());
        Assert.Equal(expected.LabelNames, actual.LabelNames);
        Assert.Equal(expected.Labels(), actual.Labels());
        for (int i = 0; i < expected.Count; i++)
        {
            var (first, second) = (expected.Image(i), actual.Image(i));
            Assert.Equal((first.Width, first.Height), (second.Width, second.Height));
            Assert.Equal(first.Pixels, second.Pixels);
        }
    }

    /// <summary>The message with which opening fails.</summary>
    public static string Refusal(string path) => Assert.Throws<InvalidInputException>(() => ImageSource.Open(path).Dispose()).Message;
}
