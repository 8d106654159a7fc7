using CsCheck;
using Diptych.Data;
using Diptych.Tests.Reference;
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
            SameAlone(planes => ValueMap.Apply(planes, new Blend(factor, 0)), width, height, seed);
            SameAlone(planes => ValueMap.Apply(planes, new Blend(factor, 119)), width, height, seed);
            SameAlone(planes => PixelMap.Apply(planes, new Saturation(factor)), width, height, seed);
            SameAlone(planes => PixelMap.Apply(planes, new Hue(factor / 2 - 0.5)), width, height, seed);
            SameAlone(planes => PixelMap.Apply(planes, new Grayscale()), width, height, seed);
            SameAlone(planes => ValueMap.Apply(planes, new Solarize((int)(factor * 127))), width, height, seed);
        }, iter: 50);

    [Fact]
    public void Blending_is_the_plain_formula() =>
        Any.Sample((width, height, seed, factor) =>
        {
            byte[] image = GoldenImages.Make("noise", width, height, seed), bright = (byte[])image.Clone(), contrasted = (byte[])image.Clone(), saturated = (byte[])image.Clone();
            PlaneImages.Map(bright, width, height, new Blend(factor, 0));
            PlaneImages.Contrast(contrasted, width, height, factor);
            PlaneImages.Map(saturated, width, height, new Saturation(factor));

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
            byte[] image = GoldenImages.Make("noise", width, height, seed), whole = PlaneImages.Resize(image, width, ImageRegion.Whole(width, height), width, newHeight, filter);
            for (int x = 0; x < width; x++)
            {
                byte[] column = PlaneImages.Resize(image, width, new ImageRegion(x, 0, 1, height), 1, newHeight, filter);
                for (int y = 0; y < newHeight; y++)
                    Assert.Equal(column.AsSpan(y * 4, 4), whole.AsSpan((y * width + x) * 4, 4));
            }
        }, iter: 50);

    [Fact]
    public void Resizing_is_the_plain_formula_with_and_without_flips() =>
        Gen.Select(Gen.Int[1, 150], Gen.Int[1, 30], Gen.Int[1, 60], Gen.Int[1, 30], Gen.Int[0, 1000], Gen.Enum<ResizeFilter>(), Gen.Bool, Gen.Bool).Sample(
            (width, height, newWidth, newHeight, seed, filter, isMirrored, isUpsideDown) =>
            {
                byte[] image = GoldenImages.Make("noise", width, height, seed);
                var crop = new ImageRegion(width / 5, height / 4, width - width / 5, height - height / 4);
                byte[] found = PlaneImages.Resize(image, width, crop, newWidth, newHeight, filter, isMirrored, isUpsideDown);
                byte[] across = new byte[newWidth * crop.Height * 4];
                for (int y = 0; y < crop.Height; y++)
                    for (int x = 0; x < newWidth; x++)
                        for (int colour = 0; colour < 3; colour++)
                            across[(y * newWidth + x) * 4 + colour] = PlainResize.Mix(crop.Width, newWidth, x, filter, input => image[((crop.Top + y) * width + crop.Left + input) * 4 + colour]);
                for (int y = 0; y < newHeight; y++)
                {
                    for (int x = 0; x < newWidth; x++)
                    {
                        int at = ((isUpsideDown ? newHeight - 1 - y : y) * newWidth + (isMirrored ? newWidth - 1 - x : x)) * 4;
                        for (int colour = 0; colour < 3; colour++)
                            Assert.Equal(PlainResize.Mix(crop.Height, newHeight, y, filter, input => across[(input * newWidth + x) * 4 + colour]), found[at + colour]);
                    }
                }
            }, iter: 60);

    [Fact]
    public void Blurring_by_boxes_is_the_plain_formula() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[0, 1000], Gen.Double[0.1, 5]).Sample((width, height, seed, sigma) =>
        {
            byte[] image = GoldenImages.Make("noise", width, height, seed), blurred = (byte[])image.Clone();
            PlaneImages.Change(blurred, width, height, planes => new PillowBlur().Apply(planes, sigma));
            Assert.Equal(PlainBoxBlur.Apply(image, width, height, (float)sigma), blurred);
        }, iter: 60);

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
            PlaneImages.Change(across, width, height, planes => new PillowBlur().Apply(planes, sigma));
            PlaneImages.Change(down, height, width, planes => new PillowBlur().Apply(planes, sigma));
            PlaneImages.Change(acrossGaussian, width, height, planes => new GaussianBlur().Apply(planes, 7, sigma));
            PlaneImages.Change(downGaussian, height, width, planes => new GaussianBlur().Apply(planes, 7, sigma));
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
        Assert.Throws<ArgumentException>(() => used.RenderWhole(image, small, new byte[255]));
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

    private static void SameAlone(Action<Planes> change, int width, int height, int seed)
    {
        byte[] together = GoldenImages.Make("noise", width, height, seed), alone = (byte[])together.Clone();
        PlaneImages.Change(together, width, height, change);
        for (int pixel = 0; pixel < width * height; pixel++)
        {
            byte[] one = alone[(pixel * 4)..(pixel * 4 + 4)];
            PlaneImages.Change(one, 1, 1, change);
            one.CopyTo(alone, pixel * 4);
        }
        Assert.Equal(alone, together);
    }
}
