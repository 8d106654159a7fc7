using Diptych.Data;

namespace Diptych.Views;

/// <summary>What was drawn for one view: enough, with the recipe, to make the view again.</summary>
public readonly record struct ViewDraw
{
    /// <summary>The part of the image that is resized to the view.</summary>
    public required ImageRegion Crop { get; init; }

    /// <summary>Mirrored left and right.</summary>
    public bool IsFlippedHorizontally { get; init; }

    /// <summary>Mirrored top and bottom.</summary>
    public bool IsFlippedVertically { get; init; }

    /// <summary>Turns by 90 degrees counter-clockwise after the flips, 0 to 3.</summary>
    public int QuarterTurns { get; init; }

    /// <summary>The colour changes in the order applied; empty without jitter.</summary>
    public JitterSequence Jitter { get; init; }

    /// <summary>All colour removed.</summary>
    public bool IsGrayscale { get; init; }

    /// <summary>σ of the blur in pixels of the view, or null without blur.</summary>
    public double? BlurSigma { get; init; }

    /// <summary>Every value from this one up is inverted, or null without solarize.</summary>
    public int? SolarizeThreshold { get; init; }

    /// <summary>Draws one view: a pure function of its arguments.</summary>
    /// <param name="recipe">What may be drawn.</param>
    /// <param name="imageWidth">Columns of the decoded image.</param>
    /// <param name="imageHeight">Rows of the decoded image.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">Epoch, 0-based.</param>
    /// <param name="imageIndex">Index of the image in its source, 0-based.</param>
    /// <param name="view">Which view of the image, 0-based; odd ones are second views of a pair.</param>
    /// <remarks>
    /// Each operation takes its numbers whether it happens or not, so changing one setting leaves the other operations' draws alone.
    /// The crop comes late because its number of tries varies; only solarize follows it, so that recipes without it keep their views.
    /// </remarks>
    public static ViewDraw For(ViewRecipe recipe, int imageWidth, int imageHeight, long seed, int epoch, int imageIndex, int view)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentOutOfRangeException.ThrowIfLessThan(imageWidth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(imageHeight, 1);
        var random = new CounterRandom(seed, epoch, imageIndex, view);
        ViewProbabilities? own = (view & 1) == 1 ? recipe.SecondView : null;

        bool isFlippedHorizontally = random.NextDouble() < (own?.FlipHorizontal ?? recipe.FlipHorizontal);
        bool isFlippedVertically = random.NextDouble() < (own?.FlipVertical ?? recipe.FlipVertical);
        int quarterTurns = random.NextInt32(4);
        JitterSequence jitter = DrawJitter(recipe, own?.JitterProbability ?? recipe.JitterProbability, ref random);
        bool isGrayscale = random.NextDouble() < (own?.GrayscaleProbability ?? recipe.GrayscaleProbability);
        bool isBlurred = random.NextDouble() < (own?.BlurProbability ?? recipe.BlurProbability);
        double blurSigma = random.NextDouble(recipe.BlurSigmaMinimum, recipe.BlurSigmaMaximum);
        ImageRegion crop = DrawCrop(recipe, imageWidth, imageHeight, ref random);
        bool isSolarized = random.NextDouble() < (own?.SolarizeProbability ?? recipe.SolarizeProbability);
        return new ViewDraw
        {
            Crop = crop,
            IsFlippedHorizontally = isFlippedHorizontally,
            IsFlippedVertically = isFlippedVertically,
            QuarterTurns = recipe.QuarterTurns ? quarterTurns : 0,
            Jitter = jitter,
            IsGrayscale = isGrayscale,
            BlurSigma = isBlurred ? blurSigma : null,
            SolarizeThreshold = isSolarized ? recipe.SolarizeThreshold : null,
        };
    }

    private static JitterSequence DrawJitter(ViewRecipe recipe, double probability, ref CounterRandom random)
    {
        bool isJittered = random.NextDouble() < probability;
        Span<double> strengths = [recipe.Brightness, recipe.Contrast, recipe.Saturation, recipe.Hue];
        Span<double> factors = stackalloc double[4];
        for (int kind = 0; kind < 4; kind++)
        {
            double center = kind == (int)JitterKind.Hue ? 0 : 1, strength = strengths[kind];
            double lowest = kind == (int)JitterKind.Hue ? -strength : Math.Max(0, center - strength);
            factors[kind] = random.NextDouble(lowest, center + strength);
        }
        Span<int> order = [0, 1, 2, 3];
        random.Shuffle(order);
        if (!isJittered)
            return [];

        Span<JitterStep> steps = stackalloc JitterStep[4];
        int count = 0;
        foreach (int kind in order)
        {
            if (strengths[kind] > 0)
                steps[count++] = new((JitterKind)kind, factors[kind]);
        }
        return JitterSequence.Of(steps[..count]);
    }

    // As torchvision's RandomResizedCrop.get_params: ten tries, then the largest central crop of a permitted ratio.
    private static ImageRegion DrawCrop(ViewRecipe recipe, int width, int height, ref CounterRandom random)
    {
        double area = (double)width * height;
        double logMinimum = Math.Log(recipe.CropRatioMinimum), logMaximum = Math.Log(recipe.CropRatioMaximum);
        for (int attempt = 0; attempt < 10; attempt++)
        {
            double target = area * random.NextDouble(recipe.CropScaleMinimum, recipe.CropScaleMaximum);
            double ratio = Math.Exp(random.NextDouble(logMinimum, logMaximum));
            double w = Math.Round(Math.Sqrt(target * ratio)), h = Math.Round(Math.Sqrt(target / ratio));
            if (w < 1 || h < 1 || w > width || h > height)
                continue;
            int top = random.NextInt32(height - (int)h + 1), left = random.NextInt32(width - (int)w + 1);
            return new(left, top, (int)w, (int)h);
        }

        double whole = (double)width / height;
        int cropWidth = width, cropHeight = height;
        if (whole < recipe.CropRatioMinimum)
            cropHeight = Math.Clamp((int)Math.Round(width / recipe.CropRatioMinimum), 1, height);
        else if (whole > recipe.CropRatioMaximum)
            cropWidth = Math.Clamp((int)Math.Round(height * recipe.CropRatioMaximum), 1, width);
        return new((width - cropWidth) / 2, (height - cropHeight) / 2, cropWidth, cropHeight);
    }
}
