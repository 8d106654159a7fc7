using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Tests.Data;

namespace Diptych.Tests.Evaluation;

public sealed class OverlapTests
{
    [Fact]
    public void The_samples_parts_share_no_image()
    {
        using IImageSource train = ImageSource.Open(Repository.Sample("train.tar")), test = ImageSource.Open(Repository.Sample("test.tar"));
        Assert.Empty(new Overlap(test).FindIn(train));
    }

    [Fact]
    public void An_image_under_another_name_is_found_and_a_similar_one_is_not()
    {
        using var folder = new TemporaryFolder();
        using IImageSource tiles = ImageSource.Open(Repository.Sample("test.tar"));
        using var train = new ImageSubset(tiles, Enumerable.Range(0, 40));
        var buffer = new ImageBuffer();
        tiles.Decode(7, buffer);
        Directory.CreateDirectory(folder.File("test"));
        Save("same.png");
        buffer.Pixels[0] ^= 1;
        Save("one value differs.png");
        using IImageSource test = ImageSource.Open(folder.File("test"));
        Assert.Equal((tiles.GetName(7), "same.png"), Assert.Single(new Overlap(test).FindIn(train)));

        void Save(string name)
        {
            using var bitmap = new SkiaSharp.SKBitmap(buffer.Width, buffer.Height, SkiaSharp.SKColorType.Rgba8888, SkiaSharp.SKAlphaType.Opaque);
            for (int i = 0; i < buffer.Width * buffer.Height; i++)
                bitmap.SetPixel(i % buffer.Width, i / buffer.Width, new SkiaSharp.SKColor(buffer.Pixels[4 * i], buffer.Pixels[4 * i + 1], buffer.Pixels[4 * i + 2]));
            using FileStream file = File.Create(Path.Combine(folder.File("test"), name));
            bitmap.Encode(file, SkiaSharp.SKEncodedImageFormat.Png, 100);
        }
    }

    [Fact]
    public void An_image_that_cannot_be_read_is_named() =>
        Assert.Contains("reason 1", Assert.Throws<UnreadableImageException>(() => new Overlap(new LabelledSource([0, 0], null, 1))).Message, StringComparison.Ordinal);
}
