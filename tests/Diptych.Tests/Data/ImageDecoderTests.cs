using System.Buffers.Binary;
using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class ImageDecoderTests
{
    // Golden/make_golden.py wrote each file and what Pillow 9.4 reads from it.
    [Theory]
    [InlineData("baseline.jpg")]
    [InlineData("baseline-444.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("gray.jpg")]
    [InlineData("cmyk.jpg")]
    [InlineData("cmyk-progressive.jpg")]
    [InlineData("odd-420.jpg")]
    [InlineData("odd-422.jpg")]
    [InlineData("odd-gray-progressive.jpg")]
    [InlineData("rotated.jpg")]
    [InlineData("one-bit.png")]
    [InlineData("sixteen-bit.png")]
    [InlineData("sixteen-bit-gray.png")]
    [InlineData("alpha.png")]
    [InlineData("gray-alpha.png")]
    [InlineData("gray.png")]
    [InlineData("palette.png")]
    [InlineData("palette.bmp")]
    [InlineData("plain.bmp")]
    [InlineData("lossless.webp")]
    [InlineData("lossy.webp")]
    public void Gives_the_pixels_that_Pillow_gives(string name) => AssertIsGolden(name, appliesOrientation: false);

    [Theory]
    [InlineData("baseline.jpg")]
    [InlineData("orientation-1.jpg")]
    [InlineData("orientation-2.jpg")]
    [InlineData("orientation-3.jpg")]
    [InlineData("orientation-4.jpg")]
    [InlineData("orientation-5.jpg")]
    [InlineData("orientation-6.jpg")]
    [InlineData("orientation-7.jpg")]
    [InlineData("orientation-8.jpg")]
    public void Turns_as_EXIF_says_when_asked(string name) => AssertIsGolden(name, appliesOrientation: true);

    private static void AssertIsGolden(string name, bool appliesOrientation)
    {
        byte[] golden = File.ReadAllBytes(Repository.Image(name + ".rgb"));
        using IImageSource source = ImageSource.Open(Repository.Image(name), appliesOrientation);
        var (width, height, pixels) = source.Image(0);
        Assert.Equal(BinaryPrimitives.ReadInt32LittleEndian(golden), width);
        Assert.Equal(BinaryPrimitives.ReadInt32LittleEndian(golden.AsSpan(4)), height);
        Assert.Equal(golden[8..], pixels.Where((_, at) => at % 4 != 3));
        Assert.All(pixels.Where((_, at) => at % 4 == 3), alpha => Assert.Equal(255, alpha));
    }

    [Theory]
    [InlineData("II*\0\b\0\0\0\u0002\0\0\u0001\u0003\0\u0001\0\0\0\0\0\0\0\u0012\u0001\u0003\0\u0001\0\0\0\u0006\0\0\0\0\0\0\0", true)]
    [InlineData("MM\0*\0\0\0\b\0\u0001\u0001\u0012\0\u0003\0\0\0\u0001\0\u0006\0\0\0\0\0\0", true)]
    [InlineData("MM\0*\0\0\0\b\0\u0001\u0001\u0012\0\u0003\0\0\0\u0001\0\u0009\0\0\0\0\0\0", false)]
    [InlineData("MM\0*\0\0\u0001\b\0\u0001", false)]
    [InlineData("MM\0*\0\0\0\b\0\u0005\u0001", false)]
    [InlineData("", false)]
    public void Turns_a_PNG_as_its_EXIF_chunk_says(string exif, bool isTurned)
    {
        var picture = new Picture(4);
        byte[] plain = picture.Png(), file = [.. plain[..33], .. Chunk("eXIf"u8, [.. exif.Select(c => (byte)c)]), .. plain[33..]]; // behind the header
        var upright = new ImageBuffer();
        Assert.Null(ImageDecoder.Decode(file, upright, appliesOrientation: true));
        Assert.Equal(isTurned ? (picture.Height, picture.Width) : (picture.Width, picture.Height), (upright.Width, upright.Height));
        for (int y = 0; y < upright.Height; y++)
        {
            for (int x = 0; x < upright.Width; x++)
            {
                int stored = isTurned ? (picture.Height - 1 - x) * picture.Width + y : y * picture.Width + x; // a quarter turn clockwise
                Assert.Equal(picture.Pixels.AsSpan(4 * stored, 4), upright.Pixels.Slice(4 * (y * upright.Width + x), 4));
            }
        }
        Assert.Null(ImageDecoder.Decode(file, upright));
        Assert.Equal(picture.Width, upright.Width);
    }

    [Fact]
    public void A_smaller_image_leaves_nothing_of_a_larger_one_in_the_same_buffer()
    {
        var (large, small) = (new Picture(1, 40, 30), new Picture(2, 5, 9));
        var buffer = new ImageBuffer();
        Assert.Null(ImageDecoder.Decode(large.Png(), buffer));
        Assert.Null(ImageDecoder.Decode(small.Bmp(), buffer));
        small.AssertIs(buffer);
    }

    [Fact]
    public void Content_decides_and_not_the_extension()
    {
        using var folder = new TemporaryFolder();
        var picture = new Picture(3);
        using IImageSource source = ImageSource.Open(folder.Write("really-a-png.jpg", picture.Png()));
        Assert.Equal(picture.Pixels, source.Image(0).Pixels);
    }

    [Theory]
    [InlineData("baseline.jpg", "premature end of JPEG")]
    [InlineData("progressive.jpg", "premature end of JPEG")]
    [InlineData("gray.jpg", "premature end of JPEG")]
    [InlineData("alpha.png", "premature end of PNG")]
    [InlineData("lossy.webp", "premature end of WebP")]
    [InlineData("plain.bmp", "premature end of BMP")]
    public void Says_that_a_cut_file_is_cut(string name, string reason)
    {
        byte[] whole = File.ReadAllBytes(Repository.Image(name));
        Assert.Equal(reason, ImageDecoder.Decode(whole.AsSpan(0, whole.Length * 3 / 4), new ImageBuffer()));
    }

    [Theory]
    [InlineData("baseline.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("cmyk.jpg")]
    [InlineData("alpha.png")]
    [InlineData("palette.png")]
    [InlineData("lossless.webp")]
    [InlineData("plain.bmp")]
    public void No_cut_anywhere_is_accepted(string name)
    {
        byte[] whole = File.ReadAllBytes(Repository.Image(name));
        var buffer = new ImageBuffer();
        for (int length = 0; length < whole.Length; length++)
            Assert.True(ImageDecoder.Decode(whole.AsSpan(0, length), buffer) is not null, $"{length} of {whole.Length} bytes were accepted");
    }

    [Fact]
    public void A_header_that_promises_30_000_squared_pixels_is_refused_before_memory_is_taken()
    {
        byte[] header = [0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30, 8, 2, 0, 0, 0];
        byte[] file = [0x89, .. "PNG\r\n\x1a\n"u8, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, [0x78, 0x9C, 0x63, 0, 0, 0, 1, 0, 1]), .. Chunk("IEND"u8, [])];
        var buffer = new ImageBuffer();
        buffer.Resize(1, 1);
        Assert.Equal("30,000 × 30,000 pixels, the limit is 268,435,456 in all", ImageDecoder.Decode(file, buffer));
        Assert.Equal((1, 1), (buffer.Width, buffer.Height));
    }

    [Fact]
    public void A_header_that_promises_more_than_its_bytes_can_hold_is_refused_before_memory_is_taken()
    {
        var buffer = new ImageBuffer();
        buffer.Resize(1, 1);
        byte[] jpeg = File.ReadAllBytes(Repository.Image("baseline.jpg"));
        int frame = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]) + 5;
        new byte[] { 0x20, 0, 0x20, 0 }.CopyTo(jpeg, frame);
        Assert.Equal($"8,192 × 8,192 pixels in {jpeg.Length:N0} bytes, more than JPEG can hold", ImageDecoder.Decode(jpeg, buffer));

        byte[] header = [0, 0, 0x20, 0, 0, 0, 0x20, 0, 8, 2, 0, 0, 0];
        byte[] png = [0x89, .. "PNG\r\n\x1a\n"u8, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, [0x78, 0x9C, 0x63, 0, 0, 0, 1, 0, 1]), .. Chunk("IEND"u8, [])];
        Assert.Equal($"8,192 × 8,192 pixels in {png.Length:N0} bytes, more than PNG can hold", ImageDecoder.Decode(png, buffer));
        Assert.Equal((1, 1), (buffer.Width, buffer.Height));
    }

    [Theory]
    [InlineData("This is a text file.")]
    [InlineData("GIF89a")]
    [InlineData("\u00ff\u00d8")]
    public void Other_content_is_named_as_such(string text) =>
        Assert.Equal("not a JPEG, PNG, WebP or BMP image", ImageDecoder.Decode(System.Text.Encoding.Latin1.GetBytes(text), new ImageBuffer()));

    [Fact]
    public void An_empty_file_is_named_as_such() => Assert.Equal("the file is empty", ImageDecoder.Decode([], new ImageBuffer()));

    [Fact]
    public void A_damaged_header_is_named_as_such() =>
        Assert.Equal("damaged BMP header", ImageDecoder.Decode("BM is not enough"u8, new ImageBuffer()));

    private static byte[] Chunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = [0, 0, 0, (byte)data.Length, .. type, .. data, 0, 0, 0, 0];
        uint crc = uint.MaxValue;
        foreach (byte value in chunk.AsSpan(4, 4 + data.Length))
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), ~crc);
        return chunk;
    }
}
