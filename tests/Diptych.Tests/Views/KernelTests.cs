using CsCheck;
using Diptych.Data;
using Diptych.Views;
using Diptych.Views.Kernels;

namespace Diptych.Tests.Views;

/// <summary>Whole vectors against one pixel at a time and against plain loops, at sizes that leave every kind of remainder.</summary>
public sealed class KernelTests
{
    private static readonly Gen<(int Width, int Height, int Seed, double Factor)> Any = Gen.Select(Gen.Int[1, 45], Gen.Int[1, 20], Gen.Int[0, 1000], Gen.Double[0, 2]);

    [Fact]
    public void A_pixel_in_a_vector_becomes_what_it_becomes_alone() =>
        Any.Sample((width, height, seed, factor) =>
        {
            SameAlone(new Brightness(factor), width, height, seed);
            SameAlone(new Contrast(factor, 119), width, height, seed);
            SameAlone(new Saturation(factor), width, height, seed);
            SameAlone(new Hue(factor / 2 - 0.5), width, height, seed);
            SameAlone(new Grayscale(), width, height, seed);
            SameAlone(new Solarize((int)(factor * 127)), width, height, seed);
        }, iter: 50);

    [Fact]
    public void Blending_is_the_plain_formula() =>
        Any.Sample((width, height, seed, factor) =>
        {
            byte[] image = GoldenImages.Make("noise", width, height, seed), bright = (byte[])image.Clone(), contrasted = (byte[])image.Clone(), saturated = (byte[])image.Clone();
            PixelMap.Apply(bright, new Brightness(factor));
            Contrast.Apply(contrasted, factor);
            PixelMap.Apply(saturated, new Saturation(factor));

            int[] lumas = [.. Enumerable.Range(0, width * height).Select(i => (image[4 * i] * 19595 + image[4 * i + 1] * 38470 + image[4 * i + 2] * 7471 + 32768) >> 16)];
            int mean = (int)(lumas.Sum() / (double)lumas.Length + 0.5);
            for (int i = 0; i < image.Length; i++)
            {
                bool isColour = i % 4 < 3;
                Assert.Equal(isColour ? Blend(0, image[i]) : 255, bright[i]);
                Assert.Equal(isColour ? Blend(mean, image[i]) : 255, contrasted[i]);
                Assert.Equal(isColour ? Blend(lumas[i / 4], image[i]) : 255, saturated[i]);
            }

            int Blend(int from, int value)
            {
                float product = (float)factor * (value - from);
                return (int)Math.Clamp(from + product, 0f, 255f);
            }
        }, iter: 50);

    [Fact]
    public void Resizing_mixes_rows_in_vectors_as_it_does_in_single_columns() =>
        Gen.Select(Gen.Int[1, 45], Gen.Int[1, 45], Gen.Int[1, 45], Gen.Int[0, 1000], Gen.Enum<ResizeFilter>()).Sample((width, height, newHeight, seed, filter) =>
        {
            byte[] image = GoldenImages.Make("noise", width, height, seed), whole = new byte[width * newHeight * 4], column = new byte[newHeight * 4];
            var resizer = new Resizer();
            resizer.Resize(image, width, CropBox.Whole(width, height), whole, width, newHeight, filter);
            for (int x = 0; x < width; x++)
            {
                resizer.Resize(image, width, new CropBox(x, 0, 1, height), column, 1, newHeight, filter);
                for (int y = 0; y < newHeight; y++)
                    Assert.Equal(column.AsSpan(y * 4, 4), whole.AsSpan((y * width + x) * 4, 4));
            }
        }, iter: 50);

    [Fact]
    public void Blurring_treats_rows_and_columns_alike() =>
        Gen.Select(Gen.Int[8, 45], Gen.Int[8, 45], Gen.Int[0, 1000], Gen.Double[0.1, 4]).Sample((width, height, seed, sigma) =>
        {
            // A picture that is constant down its columns stays so, and blurs as its transpose does.
            byte[] across = new byte[width * height * 4], down = new byte[width * height * 4], line = GoldenImages.Make("noise", width, 1, seed);
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    line.AsSpan(x * 4, 4).CopyTo(across.AsSpan((y * width + x) * 4));
                    line.AsSpan(x * 4, 4).CopyTo(down.AsSpan((x * height + y) * 4));
                }
            }
            byte[] acrossGaussian = (byte[])across.Clone(), downGaussian = (byte[])down.Clone();
            new PillowBlur().Apply(across, width, height, sigma);
            new PillowBlur().Apply(down, height, width, sigma);
            new GaussianBlur().Apply(acrossGaussian, width, height, 7, sigma);
            new GaussianBlur().Apply(downGaussian, height, width, 7, sigma);
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    Assert.Equal(across.AsSpan(x * 4, 4), across.AsSpan((y * width + x) * 4, 4));
                    Assert.Equal(across.AsSpan(x * 4, 4), down.AsSpan((x * height + y) * 4, 4));
                    for (int channel = 0; channel < 4; channel++)
                        Assert.InRange(acrossGaussian[(y * width + x) * 4 + channel] - downGaussian[(x * height + y) * 4 + channel], -1, 1);
                }
            }
        }, iter: 30);

    [Fact]
    public void A_renderer_used_before_renders_as_a_new_one()
    {
        var used = new ViewRenderer();
        var image = new ImageBuffer();
        foreach (int size in (int[])[64, 17, 40])
        {
            ViewRecipe recipe = ViewRecipe.Named("imagenet", size) with { BlurProbability = 1, QuarterTurns = true, BlurKind = size == 17 ? BlurKind.Pillow : BlurKind.Gaussian };
            byte[] expected = new byte[size * size * 3], found = new byte[size * size * 3];
            for (int view = 0; view < 20; view++)
            {
                image.Resize(30 + view * 3, 80 - view);
                GoldenImages.Make("noise", image.Width, image.Height, view).CopyTo(image.Pixels);
                ViewDraw draw = ViewDraw.For(recipe, image.Width, image.Height, 1, 0, 0, view);
                used.RenderPacked(image, draw, recipe, found);
                new ViewRenderer().RenderPacked(image, draw, recipe, expected);
                Assert.Equal(expected, found);
            }
        }
        ViewRecipe small = ViewRecipe.Named("cifar", 8);
        Assert.Throws<ArgumentException>(() => used.Render(image, new ViewDraw { Crop = new(1, 0, image.Width, 1) }, small, new byte[256].AsSpan()));
        Assert.Throws<ArgumentException>(() => used.RenderWhole(image, small, new byte[255].AsSpan()));
    }

    [Fact]
    public void Packed_pixels_are_the_first_bytes_of_each()
    {
        for (int pixels = 0; pixels < 40; pixels++)
        {
            byte[] rgbx = GoldenImages.Make("noise", pixels, 1, pixels);
            foreach (int channels in (int[])[1, 3])
            {
                byte[] packed = new byte[pixels * channels + 2];
                packed.AsSpan().Fill(77);
                RawPixels.Pack(rgbx, packed, channels);
                Assert.Equal([.. rgbx.Where((_, at) => at % 4 < channels), 77, 77], packed);
            }
        }
    }

    private static void SameAlone<TMap>(TMap map, int width, int height, int seed) where TMap : struct, IPixelMap
    {
        byte[] together = GoldenImages.Make("noise", width, height, seed), alone = (byte[])together.Clone();
        PixelMap.Apply(together, map);
        for (int pixel = 0; pixel < width * height; pixel++)
            PixelMap.Apply(alone.AsSpan(pixel * 4, 4), map);
        Assert.Equal(alone, together);
    }
}
