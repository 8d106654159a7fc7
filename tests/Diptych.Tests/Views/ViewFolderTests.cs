using System.Text.Json;
using Diptych.Data;
using Diptych.Views;
using SkiaSharp;

namespace Diptych.Tests.Views;

public sealed class ViewFolderTests
{
    private static readonly ViewRecipe Recipe = ViewRecipe.Named("imagenet-strong", size: 40) with { FlipVertical = 0.5, QuarterTurns = true, BlurKind = BlurKind.Pillow };

    [Fact]
    public void Files_hold_the_views_and_views_json_what_was_drawn()
    {
        using var folder = new TemporaryFolder();
        using var source = new PixelSource(9);
        ViewFolder.Write(folder.File("views"), source, Recipe, [3, 8], viewsPerImage: 6, seed: 5);
        using var json = JsonDocument.Parse(File.ReadAllBytes(folder.File("views/views.json")));
        Assert.Equal(["recipe", "seed", "exif-orientation", "views"], json.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal(("imagenet-strong", 5), (json.RootElement.GetProperty("recipe").GetString(), json.RootElement.GetProperty("seed").GetInt32()));
        JsonElement[] views = [.. json.RootElement.GetProperty("views").EnumerateArray()];
        Assert.Equal(12, views.Length);
        Assert.Equal(13, Directory.GetFiles(folder.File("views")).Length);

        var decoded = new ImageBuffer();
        byte[] expected = new byte[40 * 40 * 4];
        for (int i = 0; i < views.Length; i++)
        {
            (int index, int number) = (i < 6 ? 3 : 8, i % 6);
            source.Decode(index, decoded);
            ViewDraw draw = ViewDraw.For(Recipe, decoded.Width, decoded.Height, 5, 0, index, number);
            JsonElement view = views[i];
            Assert.Equal(["file", "image", "view", "size", "crop", "filter", "operations"], view.EnumerateObject().Select(property => property.Name));
            Assert.Equal(($"image-{index}", number, "bicubic"), (view.GetProperty("image").GetString(), view.GetProperty("view").GetInt32(), view.GetProperty("filter").GetString()));
            Assert.Equal([40, 40], view.GetProperty("size").EnumerateArray().Select(side => side.GetInt32()));
            JsonElement crop = view.GetProperty("crop");
            Assert.Equal(draw.Crop, new ImageRegion(crop.GetProperty("left").GetInt32(), crop.GetProperty("top").GetInt32(), crop.GetProperty("width").GetInt32(), crop.GetProperty("height").GetInt32()));
            Assert.Equal(Names(draw), view.GetProperty("operations").EnumerateArray().Select(operation => operation.GetProperty("name").GetString()!));

            new ViewRenderer().Render(decoded, draw, Recipe, expected.AsSpan());
            using SKBitmap png = SKBitmap.Decode(folder.File($"views/{view.GetProperty("file").GetString()}"));
            for (int pixel = 0; pixel < 40 * 40; pixel++)
            {
                SKColor found = png.GetPixel(pixel % 40, pixel / 40);
                Assert.Equal((expected[pixel * 4], expected[pixel * 4 + 1], expected[pixel * 4 + 2]), (found.Red, found.Green, found.Blue));
            }
        }
    }

    [Fact]
    public void One_channel_stays_one_channel()
    {
        using var folder = new TemporaryFolder();
        using var source = new PixelSource(9);
        ViewRecipe gray = ViewRecipe.Named("gray");
        ViewFolder.Write(folder.Path, source, gray, [2], viewsPerImage: 2, seed: 1);
        using SKCodec codec = SKCodec.Create(folder.File("image-2-view-1.png"));
        Assert.Equal(SKColorType.Gray8, codec.Info.ColorType);

        using var loader = new ViewLoader(source, gray, new ViewLoaderOptions { BatchSize = 3, Seed = 1 });
        ViewBatch batch = loader.ReadEpoch(0, (int[])[2, 4, 7]).First();
        Assert.Equal((1, 2 * 3 * 32 * 32, 2 * 3 * 32 * 32), (batch.Channels, batch.Length, batch.Pixels.Length));

        // The view's bytes are gray, and the batch holds them once.
        var decoded = new ImageBuffer();
        source.Decode(2, decoded);
        byte[] view = new byte[32 * 32 * 4];
        new ViewRenderer().Render(decoded, ViewDraw.For(gray, decoded.Width, decoded.Height, 1, 0, 2, 0), gray, view.AsSpan());
        for (int pixel = 0; pixel < 32 * 32; pixel++)
        {
            Assert.True(view[pixel * 4] == view[pixel * 4 + 1] && view[pixel * 4] == view[pixel * 4 + 2]);
            Assert.Equal(view[pixel * 4], batch.Pixels[pixel]);
        }
    }

    [Fact]
    public void Gray_is_made_before_the_crop_is_resized()
    {
        ViewRecipe plain = new() { Size = 24, Channels = 1 };
        var colour = new ImageBuffer();
        colour.Resize(50, 40);
        GoldenImages.Make("scene", 50, 40, 3).CopyTo(colour.Pixels);
        var gray = new ImageBuffer();
        gray.Resize(50, 40);
        for (int i = 0; i < gray.Pixels.Length; i += 4)
        {
            byte luma = (byte)((colour.Pixels[i] * 19595 + colour.Pixels[i + 1] * 38470 + colour.Pixels[i + 2] * 7471 + 32768) >> 16);
            gray.Pixels.Slice(i, 3).Fill(luma);
            gray.Pixels[i + 3] = 255;
        }
        var draw = new ViewDraw { Crop = new(3, 5, 37, 29) };
        byte[] found = new byte[24 * 24 * 4], expected = new byte[24 * 24 * 4];
        new ViewRenderer().Render(colour, draw, plain, found.AsSpan());
        new ViewRenderer().Render(gray, draw, plain with { Channels = 3 }, expected.AsSpan());
        Assert.Equal(expected, found);
        new ViewRenderer().RenderWhole(colour, plain, found.AsSpan(0, 24 * 24));
        new ViewRenderer().RenderWhole(gray, plain with { Channels = 3 }, expected.AsSpan(0, 24 * 24 * 3));
        Assert.Equal(expected[..(24 * 24 * 3)].Chunk(3).Select(pixel => pixel[0]), found[..(24 * 24)]);
    }

    private static IEnumerable<string> Names(ViewDraw draw) =>
        new (bool IsSo, string Name)[] { (draw.IsFlippedHorizontally, "flip-horizontal"), (draw.IsFlippedVertically, "flip-vertical"), (draw.QuarterTurns != 0, "quarter-turns") }
            .Concat(draw.Jitter.Select(step => (true, step.Kind.ToString().ToLowerInvariant())))
            .Concat([(draw.IsGrayscale, "grayscale"), (draw.BlurSigma is not null, "blur"), (draw.SolarizeThreshold is not null, "solarize")])
            .Where(operation => operation.Item1).Select(operation => operation.Item2);
}
