using Diptych.Data;
using SkiaSharp;

namespace Diptych.Tests.Data;

public sealed class TurboJpegTests
{
    private static readonly string[] Golden = ["baseline.jpg", "baseline-444.jpg", "progressive.jpg", "gray.jpg", "odd-420.jpg", "odd-422.jpg", "odd-gray-progressive.jpg"];

    [Fact]
    public void Gives_the_pixels_that_Skia_gives()
    {
        SkipWithoutLibrary();
        foreach (string name in Golden)
            AssertSame(name, File.ReadAllBytes(Repository.Image(name)));
        foreach (var (width, height) in ((int, int)[])[(1, 1), (2, 3), (7, 8), (8, 9), (15, 17), (16, 16), (33, 31), (100, 1), (1, 100), (255, 129)])
            foreach (var sampling in Enum.GetValues<SKJpegEncoderDownsample>())
                AssertSame($"{width} × {height} {sampling}", new Picture(width, width, height).Jpeg(sampling));
    }

    [Fact]
    public void Gives_the_pixels_that_Skia_gives_of_photographs()
    {
        SkipWithoutLibrary();
        using TarFile tar = TarFile.Open(Repository.SharedOrSkip("data/flowers/flowers200.tar"));
        foreach (var (name, (offset, length)) in tar.Members)
        {
            var file = new byte[length];
            RandomAccess.Read(tar.Handle, file, offset);
            AssertSame(name, file);
        }
    }

    // It would give raw CMYK, and counts a cut file as one with a warning.
    [Theory]
    [InlineData("cmyk.jpg")]
    [InlineData("cmyk-progressive.jpg")]
    public void Leaves_CMYK_to_Skia(string name)
    {
        SkipWithoutLibrary();
        Assert.False(TurboJpeg.TryDecode(File.ReadAllBytes(Repository.Image(name)), new ImageBuffer()));
    }

    [Fact]
    public void Leaves_damage_to_Skia_and_goes_on_with_the_next_file()
    {
        SkipWithoutLibrary();
        byte[] whole = File.ReadAllBytes(Repository.Image("baseline.jpg"));
        byte[] cut = [.. whole[..(whole.Length * 3 / 4)], 0xFF, 0xD9];
        Assert.False(TurboJpeg.TryDecode(cut, new ImageBuffer()));
        Assert.False(TurboJpeg.TryDecode([0xFF, 0xD8, 0xFF], new ImageBuffer()));
        AssertSame("baseline.jpg", whole);
    }

    // Without tables of its own (DQT, DHT) a file cannot be decoded, whatever was decoded before it.
    [Fact]
    public void Does_not_lend_a_file_the_tables_of_the_last_one()
    {
        SkipWithoutLibrary();
        byte[] file = File.ReadAllBytes(Repository.Image("baseline.jpg"));
        int table = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDB]);
        int length = file[table + 2] << 8 | file[table + 3];
        byte[] without = [.. file[..table], .. file[(table + 2 + length)..]];
        Assert.True(TurboJpeg.TryDecode(file, new ImageBuffer()));
        Assert.False(TurboJpeg.TryDecode(without, new ImageBuffer()));
        Assert.NotNull(ImageDecoder.Decode(without, new ImageBuffer()));
    }

    [Fact]
    public void Takes_no_managed_memory()
    {
        SkipWithoutLibrary();
        byte[] file = File.ReadAllBytes(Repository.Image("baseline.jpg"));
        var buffer = new ImageBuffer();
        Assert.Null(ImageDecoder.Decode(file, buffer));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            ImageDecoder.Decode(file, buffer);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void SkipWithoutLibrary() =>
        Assert.SkipWhen(TurboJpeg.Name is null, "this machine has no libturbojpeg (Debian: libturbojpeg0)");

    private static void AssertSame(string name, byte[] file)
    {
        var (turbo, skia) = (new ImageBuffer(), new ImageBuffer());
        bool isDecoded = TurboJpeg.TryDecode(file, turbo);
        Assert.Null(ImageDecoder.DecodeBySkia(file, "JPEG", skia, null));
        Assert.True(isDecoded, name);
        Assert.Equal((skia.Width, skia.Height), (turbo.Width, turbo.Height));
        Assert.True(skia.Pixels.SequenceEqual(turbo.Pixels), name);
    }
}
