namespace Diptych.Views;

/// <summary>Everything that decides what a random view may look like. The defaults crop and flip only.</summary>
/// <remarks>
/// Order of operations: crop and resize, flips, quarter turns, jitter (its parts in random order), grayscale, blur, normalize.
/// Source: Chen et al., "A Simple Framework for Contrastive Learning" (SimCLR), arXiv 2002.05709v3, appendix A.
/// </remarks>
public sealed record ViewRecipe
{
    /// <summary>What messages and logs call it.</summary>
    public string Name { get; init; } = "custom";

    /// <summary>Where the numbers come from.</summary>
    public string Source { get; init; } = "";

    /// <summary>Width and height of a view, in pixels, ≥ 8.</summary>
    public int Size { get; init; } = 32;

    /// <summary>Smallest share of the image's area that a crop takes, in (0, 1].</summary>
    public double CropScaleMinimum { get; init; } = 0.2;

    /// <summary>Largest share of the image's area that a crop takes, in (0, 1].</summary>
    public double CropScaleMaximum { get; init; } = 1;

    /// <summary>Smallest width of a crop over its height; drawn uniformly in the logarithm.</summary>
    public double CropRatioMinimum { get; init; } = 3.0 / 4;

    /// <summary>Largest width of a crop over its height.</summary>
    public double CropRatioMaximum { get; init; } = 4.0 / 3;

    /// <summary>How a crop is brought to <see cref="Size"/>.</summary>
    public ResizeFilter Filter { get; init; } = ResizeFilter.Bilinear;

    /// <summary>Probability of mirroring left and right.</summary>
    public double FlipHorizontal { get; init; } = 0.5;

    /// <summary>Probability of mirroring top and bottom: for images without an up.</summary>
    public double FlipVertical { get; init; }

    /// <summary>Turns by 0, 90, 180 or 270 degrees with equal probability: for images without an up.</summary>
    public bool QuarterTurns { get; init; }

    /// <summary>Probability of the colour jitter as a whole.</summary>
    public double JitterProbability { get; init; }

    /// <summary>The factor is uniform in [max(0, 1 − strength), 1 + strength]; 0 leaves the operation out.</summary>
    public double Brightness { get; init; }

    /// <summary>As <see cref="Brightness"/>, for contrast.</summary>
    public double Contrast { get; init; }

    /// <summary>As <see cref="Brightness"/>, for saturation.</summary>
    public double Saturation { get; init; }

    /// <summary>The turn of the hue is uniform in [−strength, strength], in circles, ≤ 0.5; 0 leaves the operation out.</summary>
    public double Hue { get; init; }

    /// <summary>Probability of losing all colour.</summary>
    public double GrayscaleProbability { get; init; }

    /// <summary>Probability of blur.</summary>
    public double BlurProbability { get; init; }

    /// <summary>Smallest σ of the blur, in pixels of the view, &gt; 0.</summary>
    public double BlurSigmaMinimum { get; init; } = 0.1;

    /// <summary>Largest σ of the blur, in pixels of the view.</summary>
    public double BlurSigmaMaximum { get; init; } = 2;

    /// <summary>Which blur.</summary>
    public BlurKind BlurKind { get; init; } = BlurKind.Gaussian;

    /// <summary>Width of the Gaussian blur's kernel, odd: a tenth of <see cref="Size"/>, at least 3.</summary>
    public int BlurKernel => Math.Max(3, Size / 10 | 1);

    /// <summary>Subtracted from each channel, in units of the full range.</summary>
    public Rgb Mean { get; init; } = new(0.5f, 0.5f, 0.5f);

    /// <summary>Divides each channel after that, in units of the full range, &gt; 0.</summary>
    public Rgb StandardDeviation { get; init; } = new(0.5f, 0.5f, 0.5f);

    /// <summary>The names that <see cref="Named"/> knows.</summary>
    public static IReadOnlyList<string> KnownNames => NamedRecipes.Names;

    /// <summary>A recipe by name: <c>cifar</c> (32 pixels), <c>imagenet</c> (224) or <c>satellite</c> (32).</summary>
    /// <param name="name">One of <see cref="KnownNames"/>.</param>
    /// <param name="size">Width and height of a view in pixels, instead of the recipe's own.</param>
    /// <exception cref="InvalidInputException">The name is unknown, or the size unusable.</exception>
    public static ViewRecipe Named(string name, int? size = null)
    {
        ViewRecipe recipe = NamedRecipes.Find(name);
        if (size is not null)
            recipe = recipe with { Size = size.Value };
        recipe.Validate();
        return recipe;
    }

    /// <summary>Checks every setting.</summary>
    /// <exception cref="InvalidInputException">At least one setting is unusable; the message has one line for each.</exception>
    public void Validate()
    {
        IReadOnlyList<string> mistakes = ViewRecipeRules.FindMistakes(this);
        if (mistakes.Count > 0)
            throw new InvalidInputException($"View recipe '{Name}' cannot be used:\n{string.Join('\n', mistakes)}");
    }
}
