namespace Diptych.Views;

/// <summary>What a recipe's settings must be.</summary>
internal static class ViewRecipeRules
{
    private const int MaximumSize = 4096;

    /// <summary>One line for each unusable setting.</summary>
    public static IReadOnlyList<string> FindMistakes(ViewRecipe recipe)
    {
        var mistakes = new List<string>();

        if (recipe.Size is < 8 or > MaximumSize)
            mistakes.Add($"Size must be from 8 to {MaximumSize:N0} pixels, but is {recipe.Size:N0}.");
        Within(nameof(recipe.CropScaleMinimum), recipe.CropScaleMinimum, 0, 1, isMinimumAllowed: false);
        Within(nameof(recipe.CropScaleMaximum), recipe.CropScaleMaximum, 0, 1, isMinimumAllowed: false);
        Ordered("CropScale", recipe.CropScaleMinimum, recipe.CropScaleMaximum);
        Within(nameof(recipe.CropRatioMinimum), recipe.CropRatioMinimum, 0, 100, isMinimumAllowed: false);
        Within(nameof(recipe.CropRatioMaximum), recipe.CropRatioMaximum, 0, 100, isMinimumAllowed: false);
        Ordered("CropRatio", recipe.CropRatioMinimum, recipe.CropRatioMaximum);
        Within(nameof(recipe.FlipHorizontal), recipe.FlipHorizontal, 0, 1);
        Within(nameof(recipe.FlipVertical), recipe.FlipVertical, 0, 1);
        Within(nameof(recipe.JitterProbability), recipe.JitterProbability, 0, 1);
        Within(nameof(recipe.Brightness), recipe.Brightness, 0, 100);
        Within(nameof(recipe.Contrast), recipe.Contrast, 0, 100);
        Within(nameof(recipe.Saturation), recipe.Saturation, 0, 100);
        Within(nameof(recipe.Hue), recipe.Hue, 0, 0.5);
        Within(nameof(recipe.GrayscaleProbability), recipe.GrayscaleProbability, 0, 1);
        Within(nameof(recipe.BlurProbability), recipe.BlurProbability, 0, 1);
        Within(nameof(recipe.BlurSigmaMinimum), recipe.BlurSigmaMinimum, 0, 100, isMinimumAllowed: false);
        Within(nameof(recipe.BlurSigmaMaximum), recipe.BlurSigmaMaximum, 0, 100, isMinimumAllowed: false);
        Ordered("BlurSigma", recipe.BlurSigmaMinimum, recipe.BlurSigmaMaximum);
        Defined(nameof(recipe.Filter), recipe.Filter);
        Defined(nameof(recipe.BlurKind), recipe.BlurKind);
        for (int channel = 0; channel < 3; channel++)
        {
            Within($"{nameof(recipe.Mean)} of channel {channel}", recipe.Mean[channel], -100, 100);
            Within($"{nameof(recipe.StandardDeviation)} of channel {channel}", recipe.StandardDeviation[channel], 0, 100, isMinimumAllowed: false);
        }
        return mistakes;

        // Written so that NaN is a mistake.
        void Within(string setting, double value, double minimum, double maximum, bool isMinimumAllowed = true)
        {
            bool isAboveMinimum = isMinimumAllowed ? value >= minimum : value > minimum;
            if (!(isAboveMinimum && value <= maximum))
                mistakes.Add($"{setting} must be in {(isMinimumAllowed ? '[' : '(')}{minimum}, {maximum}], but is {value}.");
        }

        void Ordered(string setting, double minimum, double maximum)
        {
            if (minimum > maximum)
                mistakes.Add($"{setting}Minimum must not exceed {setting}Maximum, but they are {minimum} and {maximum}.");
        }

        void Defined<T>(string setting, T value) where T : struct, Enum
        {
            if (!Enum.IsDefined(value))
                mistakes.Add($"{setting} must be one of {string.Join(", ", Enum.GetNames<T>())}, but is {value}.");
        }
    }
}
