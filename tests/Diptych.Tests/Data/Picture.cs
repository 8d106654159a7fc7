using System.Buffers.Binary;
using Diptych.Data;
using SkiaSharp;

namespace Diptych.Tests.Data;

/// <summary>A small opaque image of random pixels, and the files that hold it.</summary>
internal sealed class Picture
{
    public Picture(int seed, int width = 13, int height = 7)
    {
        (Width, Height, Pixels) = (width, height, new byte[width * height * 4]);
        new Random(seed).NextBytes(Pixels);
        for (int i = 3; i < Pixels.Length; i += 4)
            Pixels[i] = 255;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Red, green, blue, 255.</summary>
    public byte[] Pixels { get; }

    public byte[] Png() => Encode(pixmap => pixmap.Encode(SKEncodedImageFormat.Png, 100));

    public byte[] Jpeg() => Encode(pixmap => pixmap.Encode(SKEncodedImageFormat.Jpeg, 90));

    public byte[] Jpeg(SKJpegEncoderDownsample sampling) => Encode(pixmap => pixmap.Encode(new SKJpegEncoderOptions(80, sampling, SKJpegEncoderAlphaOption.Ignore)));

    public byte[] WebP() => Encode(pixmap => pixmap.Encode(SKEncodedImageFormat.Webp, 90));

    /// <summary>24 bits a pixel, blue first, rows from the bottom and padded to four bytes.</summary>
    public byte[] Bmp()
    {
        int stride = (3 * Width + 3) / 4 * 4;
        byte[] file = new byte[54 + stride * Height];
        (file[0], file[1]) = ((byte)'B', (byte)'M');
        foreach (var (offset, value) in ((int, int)[])[(2, file.Length), (10, 54), (14, 40), (18, Width), (22, Height), (26, 1 | 24 << 16), (34, stride * Height)])
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(offset), value);
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
                for (int channel = 0; channel < 3; channel++)
                    file[54 + (Height - 1 - y) * stride + 3 * x + channel] = Pixels[4 * (y * Width + x) + 2 - channel];
        return file;
    }

    public void AssertIs(ImageBuffer decoded)
    {
        Assert.Equal((Width, Height), (decoded.Width, decoded.Height));
        Assert.Equal(Pixels, decoded.Pixels.ToArray());
    }

    private unsafe byte[] Encode(Func<SKPixmap, SKData?> encode)
    {
        fixed (byte* pixels = Pixels)
        {
            using var pixmap = new SKPixmap(new(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque), (nint)pixels);
            using SKData? data = encode(pixmap);
            return data!.ToArray();
        }
    }
}
