using System.Text.Json;
using System.Text.Json.Nodes;
using Diptych.Checkpoints;
using Diptych.Data;

namespace Diptych.Views;

/// <summary>Views as PNG files, before normalizing, with everything that was drawn for them: enough to make them again with Pillow.</summary>
public static class ViewFolder
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes the views of epoch 0 and <c>views.json</c>, whose form is in docs/views.md.</summary>
    /// <param name="folder">Where to; made if missing. Files of the same names are replaced.</param>
    /// <param name="source">The images.</param>
    /// <param name="recipe">What a view looks like.</param>
    /// <param name="images">Which images.</param>
    /// <param name="viewsPerImage">Views of each, ≥ 1; odd ones are second views.</param>
    /// <param name="seed">The run's seed.</param>
    /// <exception cref="InvalidInputException">The recipe is unusable, or an image cannot be decoded.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Write(string folder, IImageSource source, ViewRecipe recipe, IReadOnlyList<int> images, int viewsPerImage, long seed)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(viewsPerImage, 1);
        recipe.Validate();

        Directory.CreateDirectory(folder);
        var views = new JsonArray();
        byte[] view = new byte[recipe.Size * recipe.Size * 4];
        var renderer = new ViewRenderer();
        var decoded = new ImageBuffer();
        foreach (int image in images)
        {
            source.Decode(image, decoded);
            for (int number = 0; number < viewsPerImage; number++)
            {
                ViewDraw draw = ViewDraw.For(recipe, decoded.Width, decoded.Height, seed, 0, image, number);
                renderer.Render(decoded, draw, recipe, view.AsSpan());
                string file = $"image-{image}-view-{number}.png";
                byte[] png = PngFile.Encode(view, recipe.Size, recipe.Size, recipe.Channels);
                AtomicFile.Write(Path.Combine(folder, file), stream => stream.Write(png));
                views.Add((JsonNode)Describe(file, source.GetName(image), number, draw, recipe));
            }
        }
        var all = new JsonObject { ["recipe"] = recipe.Name, ["seed"] = seed, ["exif-orientation"] = source.AppliesOrientation, ["views"] = views };
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(all, Indented);
        AtomicFile.Write(Path.Combine(folder, "views.json"), stream => stream.Write(json));
    }

    private static JsonObject Describe(string file, string image, int number, ViewDraw draw, ViewRecipe recipe) => new()
    {
        ["file"] = file,
        ["image"] = image,
        ["view"] = number,
        ["size"] = new JsonArray(recipe.Size, recipe.Size),
        ["crop"] = new JsonObject { ["left"] = draw.Crop.Left, ["top"] = draw.Crop.Top, ["width"] = draw.Crop.Width, ["height"] = draw.Crop.Height },
        ["filter"] = Key(recipe.Filter),
        ["operations"] = new JsonArray([.. Operations(draw, recipe)]),
    };

    private static IEnumerable<JsonNode> Operations(ViewDraw draw, ViewRecipe recipe)
    {
        if (draw.IsFlippedHorizontally)
            yield return new JsonObject { ["name"] = "flip-horizontal" };
        if (draw.IsFlippedVertically)
            yield return new JsonObject { ["name"] = "flip-vertical" };
        if (draw.QuarterTurns != 0)
            yield return new JsonObject { ["name"] = "quarter-turns", ["count"] = draw.QuarterTurns };
        foreach (JitterStep step in draw.Jitter)
            yield return new JsonObject { ["name"] = Key(step.Kind), ["factor"] = step.Factor };
        if (draw.IsGrayscale)
            yield return new JsonObject { ["name"] = "grayscale" };
        if (draw.BlurSigma is { } sigma && recipe.BlurKind == BlurKind.Pillow)
            yield return new JsonObject { ["name"] = "blur", ["kind"] = "pillow", ["sigma"] = sigma };
        else if (draw.BlurSigma is { } gaussianSigma)
            yield return new JsonObject { ["name"] = "blur", ["kind"] = "gaussian", ["kernel"] = recipe.BlurKernel, ["sigma"] = gaussianSigma };
        if (draw.SolarizeThreshold is { } threshold)
            yield return new JsonObject { ["name"] = "solarize", ["threshold"] = threshold };
    }

    private static string Key<T>(T value) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
