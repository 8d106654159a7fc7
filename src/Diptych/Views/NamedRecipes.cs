namespace Diptych.Views;

/// <summary>The recipes that have a name.</summary>
internal static class NamedRecipes
{
    private static readonly ViewRecipe[] All =
    [
        new()
        {
            Name = "cifar",
            Source = "RandomResizedCrop 0.2–1 and jitter 0.4 without blur, as in the small-image DCL and CLD runs; CIFAR-10 channel statistics",
            Size = 32, CropScaleMinimum = 0.2,
            JitterProbability = 0.8, Brightness = 0.4, Contrast = 0.4, Saturation = 0.4, Hue = 0.1,
            GrayscaleProbability = 0.2,
            Mean = new(0.4914f, 0.4822f, 0.4465f), StandardDeviation = new(0.2470f, 0.2435f, 0.2616f),
        },
        new()
        {
            Name = "imagenet",
            Source = "SimCLR, arXiv 2002.05709v3, appendix A, as in OpenSelfSup's DCL runs; ImageNet channel statistics",
            Size = 224, CropScaleMinimum = 0.08,
            JitterProbability = 0.8, Brightness = 0.8, Contrast = 0.8, Saturation = 0.8, Hue = 0.2,
            GrayscaleProbability = 0.2, BlurProbability = 0.5,
            Mean = new(0.485f, 0.456f, 0.406f), StandardDeviation = new(0.229f, 0.224f, 0.225f),
        },
        new()
        {
            Name = "satellite",
            Source = "our own: as cifar with smaller crops, flips both ways and quarter turns, for a tile has no up; EuroSAT channel statistics",
            Size = 32, CropScaleMinimum = 0.08,
            FlipVertical = 0.5, QuarterTurns = true,
            JitterProbability = 0.8, Brightness = 0.4, Contrast = 0.4, Saturation = 0.4, Hue = 0.1,
            GrayscaleProbability = 0.2,
            Mean = new(0.3345f, 0.3531f, 0.3603f), StandardDeviation = new(0.1956f, 0.1350f, 0.1211f),
        },
    ];

    public static IReadOnlyList<string> Names { get; } = Array.ConvertAll(All, recipe => recipe.Name);

    public static ViewRecipe Find(string name)
    {
        if (Array.Find(All, recipe => recipe.Name == name) is { } found)
            return found;
        throw new InvalidInputException(NearMiss.Describe("view recipe", name, Names));
    }
}
