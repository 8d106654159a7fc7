using Diptych.Views;

namespace Diptych.Tests.Views;

public sealed class ViewRecipeTests
{
    [Fact]
    public void Named_recipes_are_valid_and_take_another_size()
    {
        Assert.Equal(["cifar", "gray", "imagenet", "imagenet-strong", "moco-v2", "satellite", "stl"], ViewRecipe.KnownNames);
        foreach (string name in ViewRecipe.KnownNames)
            Assert.Equal((name, true), (ViewRecipe.Named(name).Name, ViewRecipe.Named(name).Source.Length > 0));
        Assert.Equal((32, 224, 32), (ViewRecipe.Named("cifar").Size, ViewRecipe.Named("imagenet").Size, ViewRecipe.Named("satellite").Size));
        Assert.Equal(ViewRecipe.Named("cifar") with { Size = 64 }, ViewRecipe.Named("cifar", size: 64));
        Assert.Equal(23, ViewRecipe.Named("imagenet").BlurKernel);
        Assert.Equal(3, ViewRecipe.Named("cifar").BlurKernel);
    }

    [Theory]
    [InlineData("cifr", "Unknown view recipe 'cifr'. Known view recipes: cifar, gray, imagenet, imagenet-strong, moco-v2, satellite, stl. Did you mean 'cifar'?")]
    [InlineData("Satelite", "Unknown view recipe 'Satelite'. Known view recipes: cifar, gray, imagenet, imagenet-strong, moco-v2, satellite, stl. Did you mean 'satellite'?")]
    [InlineData("medical scans", "Unknown view recipe 'medical scans'. Known view recipes: cifar, gray, imagenet, imagenet-strong, moco-v2, satellite, stl.")]
    public void An_unknown_name_is_answered_with_the_known_ones(string name, string message) =>
        Assert.Equal(message, Assert.Throws<InvalidInputException>(() => ViewRecipe.Named(name)).Message);

    [Fact]
    public void Tells_every_wrong_setting_at_once()
    {
        var recipe = new ViewRecipe
        {
            Name = "mine", Size = 4, Channels = 2, SolarizeThreshold = 256, SecondView = new() { BlurProbability = -0.1 }, CropScaleMinimum = 0.5, CropScaleMaximum = 0.4, FlipHorizontal = 1.5,
            Hue = 0.6, BlurSigmaMinimum = double.NaN, StandardDeviation = new(1, 0, 1), Filter = (ResizeFilter)7,
        };
        Assert.Equal("""
            View recipe 'mine' cannot be used:
            size must be from 8 to 4,096 pixels, but is 4.
            channels must be 1 or 3, but is 2.
            crop-scale-minimum must not exceed crop-scale-maximum, but they are 0.5 and 0.4.
            flip-horizontal must be in [0, 1], but is 1.5.
            hue must be in [0, 0.5], but is 0.6.
            blur-sigma-minimum must be in [0.01, 100], but is NaN.
            solarize-threshold must be in [0, 255], but is 256.
            second-view.blur-probability must be in [0, 1], but is -0.1.
            filter must be one of bilinear, bicubic, but is 7.
            standard-deviation of channel 1, in units of the full range (255), must be in [0.001, 1], but is 0.
            """, Assert.Throws<InvalidInputException>(recipe.Validate).Message, ignoreLineEndingDifferences: true);
    }

    [Fact]
    public void A_file_is_a_recipe_and_the_named_ones_survive_their_own_words()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("mine.json");
        File.WriteAllText(path, """
            {
              // as BYOL's, smaller
              "source": "trial 7", "size": 64, "filter": "bicubic", "blur-kind": "pillow", "quarter-turns": true,
              "second-view": { "solarize-probability": 0.2 }, "solarize-threshold": 100, "mean": [0.25], "channels": 1,
            }
            """);
        Assert.Equal(new ViewRecipe
        {
            Name = "mine", Source = "trial 7", Size = 64, Filter = ResizeFilter.Bicubic, BlurKind = BlurKind.Pillow, QuarterTurns = true,
            SecondView = new() { SolarizeProbability = 0.2 }, SolarizeThreshold = 100, Mean = new(0.25f, 0.25f, 0.25f), Channels = 1,
        }, ViewRecipe.Named(path));
        Assert.Equal(48, ViewRecipe.Named(path, size: 48).Size);
    }

    [Fact]
    public void Every_mistake_of_a_file_comes_at_once_with_the_nearest_key()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("mine.json");
        File.WriteAllText(path, """
            { "sise": 64, "blur-probability": "often", "size": 4, "hue": 0.1, "hue": 0.2, "filter": "box", "quarter-turns": 1,
              "mean": [1, 2], "second-view": { "blur-probabilty": 1, "solarize-probability": 2 }, "medical": null, "solarize-threshold": 1.5 }
            """);
        string[] message = Assert.Throws<InvalidInputException>(() => ViewRecipe.Named(path)).Message.Split('\n');
        Assert.Equal(
        [
            $"{path} cannot be used:",
            "Unknown key 'sise'. Did you mean 'size'?",
            "blur-probability must be a number, but is \"often\".",
            "hue is given twice.",
            "filter must be one of \"bilinear\", \"bicubic\", but is \"box\".",
            "quarter-turns must be true or false, but is 1.",
            "mean must be a list of three numbers, or of one for all channels, but is [1, 2].",
            "Unknown key 'second-view.blur-probabilty'. Did you mean 'blur-probability'?",
        ], message[..8]);
        Assert.StartsWith("Unknown key 'medical'. Known keys: name, source, size, channels, ", message[8], StringComparison.Ordinal);
        Assert.Equal(
        [
            "solarize-threshold must be a whole number, but is 1.5.",
            "size must be from 8 to 4,096 pixels, but is 4.",
            "second-view.solarize-probability must be in [0, 1], but is 2.",
        ], message[9..]);

        File.WriteAllText(path, "{ \"size\": 64");
        string fault = Assert.Throws<InvalidInputException>(() => ViewRecipe.Named(path)).Message;
        Assert.StartsWith($"{path} is not JSON: ", fault, StringComparison.Ordinal);
        Assert.EndsWith(" (line 1, byte 13). Correct it there.", fault, StringComparison.Ordinal);
        File.WriteAllText(path, """{ "\ud800": 64 }""");
        Assert.StartsWith($"{path} is not JSON: ", Assert.Throws<InvalidInputException>(() => ViewRecipe.Named(path)).Message, StringComparison.Ordinal);
        Assert.StartsWith("View recipe nowhere/mine.json cannot be read: ", Assert.Throws<InvalidInputException>(() => ViewRecipe.Named("nowhere/mine.json")).Message, StringComparison.Ordinal);
    }
}
