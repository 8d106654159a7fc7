namespace Diptych.Views;

/// <summary>Everything that decides what a random view may look like. The defaults crop and flip only.</summary>
/// <remarks>
/// Order of operations: crop and resize, flips, quarter turns, jitter (its parts in random order), grayscale, blur, solarize, normalize.
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

    /// <summary>Channels of a view: 3, or 1 for gray, where colour is removed before everything else.</summary>
    public int Channels { get; init; } = 3;

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

    /// <summary>Probability of inverting every value from <see cref="SolarizeThreshold"/> up.</summary>
    public double SolarizeProbability { get; init; }

    /// <summary>The smallest value that solarize inverts, 0 to 255.</summary>
    public int SolarizeThreshold { get; init; } = 128;

    /// <summary>What the second view of a pair does more or less often; null where both are drawn alike.</summary>
    public ViewProbabilities? SecondView { get; init; }

    /// <summary>Subtracted from each channel, in units of the full range.</summary>
    public Rgb Mean { get; init; } = new(0.5f, 0.5f, 0.5f);

    /// <summary>Divides each channel after that, in units of the full range, &gt; 0.</summary>
    public Rgb StandardDeviation { get; init; } = new(0.5f, 0.5f, 0.5f);

    /// <summary>The names that <see cref="Named"/> knows.</summary>
    public static IReadOnlyList<string> KnownNames => NamedRecipes.Names;

    /// <summary>A recipe by its name, or one's own from a file.</summary>
    /// <param name="nameOrPath">One of <see cref="KnownNames"/>, or the path of a JSON file whose keys are these settings in kebab-case.</param>
    /// <param name="size">Width and height of a view in pixels, instead of the recipe's own.</param>
    /// <exception cref="InvalidInputException">The name is unknown, the file or the size unusable; the message has one line for each mistake.</exception>
    public static ViewRecipe Named(string nameOrPath, int? size = null)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        ViewRecipe recipe = KnownNames.Contains(nameOrPath) ? NamedRecipes.Read(nameOrPath)
            : IsPath(nameOrPath) ? ViewRecipeFile.Read(nameOrPath)
            : throw new InvalidInputException(NearMiss.Describe("view recipe", nameOrPath, KnownNames));
        if (size is not null)
            recipe = recipe with { Size = size.Value };
        recipe.Validate();
        return recipe;

        static bool IsPath(string text) => text.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || text.AsSpan().ContainsAny('/', '\\') || File.Exists(text);
    }

    /// <summary>The recipe with its crops, flips and turns alone: the views that classifiers are usually trained on.</summary>
    public ViewRecipe WithoutColour() => this with { JitterProbability = 0, GrayscaleProbability = 0, BlurProbability = 0, SolarizeProbability = 0, SecondView = null };

    /// <summary>The settings that differ and can change a view, one line each.</summary>
    /// <param name="other">The recipe to compare with.</param>
    public IReadOnlyList<string> DifferencesFrom(ViewRecipe other) => ViewRecipeFile.Differences(this, other);

    /// <summary>The recipe as JSON: a file that <see cref="Named"/> takes.</summary>
    public string ToJson() => ViewRecipeFile.Write(this);

    /// <summary>Checks every setting.</summary>
    /// <exception cref="InvalidInputException">At least one setting is unusable; the message has one line for each.</exception>
    public void Validate()
    {
        IReadOnlyList<string> mistakes = ViewRecipeRules.FindMistakes(this);
        if (mistakes.Count > 0)
            throw new InvalidInputException($"View recipe '{Name}' cannot be used:\n{string.Join('\n', mistakes)}");
    }
}
