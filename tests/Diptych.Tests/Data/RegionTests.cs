using Diptych.Data;
using SkiaSharp;

namespace Diptych.Tests.Data;

public sealed class RegionTests
{
    [Theory]
    [InlineData("baseline.jpg")]
    [InlineData("baseline-444.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("gray.jpg")]
    [InlineData("odd-420.jpg")]
    [InlineData("odd-422.jpg")]
    [InlineData("cmyk.jpg")]
    [InlineData("cmyk-progressive.jpg")]
    [InlineData("alpha.png")]
    public void Every_region_of_a_small_image_has_the_pixels_of_the_whole(string name)
    {
        byte[] file = File.ReadAllBytes(Repository.Image(name));
        string format = name.EndsWith("jpg", StringComparison.Ordinal) ? "JPEG" : "PNG";
        var (whole, part) = (new ImageBuffer(), new ImageBuffer());
        Assert.Null(ImageDecoder.DecodeBySkia(file, format, whole, null));
        for (int top = 0; top < whole.Height; top += 3)
            for (int left = 0; left < whole.Width; left += 4)
                foreach (var (width, height) in ((int, int)[])[(1, 1), (whole.Width - left, whole.Height - top), ((whole.Width - left + 1) / 2, (whole.Height - top + 1) / 2)])
                    AssertSame(whole, part, new(left, top, width, height), needed => ImageDecoder.DecodeBySkia(file, format, part, needed));
    }

    // Noise in all colours: a value of chroma that came from the wrong place shows.
    [Theory]
    [InlineData(SKJpegEncoderDownsample.Downsample420)]
    [InlineData(SKJpegEncoderDownsample.Downsample422)]
    [InlineData(SKJpegEncoderDownsample.Downsample444)]
    public void Every_column_can_begin_or_end_a_region(SKJpegEncoderDownsample sampling)
    {
        byte[] file = new Picture(5, 83, 35).Jpeg(sampling);
        var (whole, part) = (new ImageBuffer(), new ImageBuffer());
        Assert.Null(ImageDecoder.DecodeBySkia(file, "JPEG", whole, null));
        foreach (int top in (int[])[0, 13, 16, 17])
            for (int left = 0; left < whole.Width; left++)
                for (int right = left + 1; right <= whole.Width; right += right < left + 40 ? 1 : 7)
                    AssertSame(whole, part, new(left, top, right - left, whole.Height - top - top % 3), needed => ImageDecoder.DecodeBySkia(file, "JPEG", part, needed));
    }

    [Fact]
    public void Random_regions_of_photographs_have_the_pixels_of_the_whole()
    {
        using TarFile tar = TarFile.Open(Repository.SharedOrSkip("data/flowers/flowers200.tar"));
        var random = new Random(1);
        var (whole, part) = (new ImageBuffer(), new ImageBuffer());
        foreach (var (offset, length) in tar.Members.Values)
        {
            var file = new byte[length];
            RandomAccess.Read(tar.Handle, file, offset);
            Assert.Null(ImageDecoder.DecodeBySkia(file, "JPEG", whole, null));
            for (int i = 0; i < 3; i++)
            {
                int left = random.Next(whole.Width), top = random.Next(whole.Height);
                AssertSame(whole, part, new(left, top, random.Next(1, whole.Width - left + 1), random.Next(1, whole.Height - top + 1)),
                    needed => ImageDecoder.DecodeBySkia(file, "JPEG", part, needed));
            }
        }
    }

    [Fact]
    public void Every_source_gives_a_region_at_its_place_in_the_whole()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.jpg", new Picture(1, 60, 40).Jpeg());
        using var source = new ImageSubset(ImageSource.Open(path), [0], ownsSource: true);
        var (whole, part) = (new ImageBuffer(), new ImageBuffer());
        source.Decode(0, whole);
        AssertSame(whole, part, new(20, 10, 7, 9), needed =>
        {
            ((IImageSource)source).Decode(0, part, needed);
            return null;
        });
    }

    [Fact]
    public void A_region_that_leaves_the_image_is_refused()
    {
        byte[] file = File.ReadAllBytes(Repository.Image("baseline.jpg"));
        foreach (ImageRegion region in (ImageRegion[])[new(-1, 0, 2, 2), new(0, 0, 46, 1), new(0, 30, 1, 2), new(0, 0, 0, 1), new(int.MaxValue, 0, int.MaxValue, 1)])
            Assert.Throws<ArgumentException>(() => ImageDecoder.DecodeBySkia(file, "JPEG", new ImageBuffer(), new Choice(region)));
    }

    [Fact]
    public void A_union_holds_both() =>
        Assert.Equal(new ImageRegion(1, 2, 9, 10), new ImageRegion(1, 5, 3, 7).Union(new ImageRegion(4, 2, 6, 1)));

    private static void AssertSame(ImageBuffer whole, ImageBuffer part, ImageRegion region, Func<IRegionChoice, string?> decode)
    {
        part.Resize(whole.Width, whole.Height);
        part.Pixels.Clear();
        Assert.Null(decode(new Choice(region)));
        Assert.Equal((whole.Width, whole.Height), (part.Width, part.Height));
        for (int y = region.Top; y < region.Top + region.Height; y++)
        {
            int start = 4 * (y * whole.Width + region.Left);
            Assert.True(whole.Pixels.Slice(start, 4 * region.Width).SequenceEqual(part.Pixels.Slice(start, 4 * region.Width)), $"{region}, row {y}");
        }
    }

    private sealed class Choice(ImageRegion region) : IRegionChoice
    {
        public ImageRegion Choose(int width, int height) => region;
    }
}
