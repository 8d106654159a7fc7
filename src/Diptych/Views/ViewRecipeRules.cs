using System.Text.Json;

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
            mistakes.Add($"size must be from 8 to {MaximumSize:N0} pixels, but is {recipe.Size:N0}.");
        if (recipe.Channels is not (1 or 3))
            mistakes.Add($"channels must be 1 or 3, but is {recipe.Channels:N0}.");
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
        Within(nameof(recipe.BlurSigmaMinimum), recipe.BlurSigmaMinimum, 0.01, 100);
        Within(nameof(recipe.BlurSigmaMaximum), recipe.BlurSigmaMaximum, 0.01, 100);
        Ordered("BlurSigma", recipe.BlurSigmaMinimum, recipe.BlurSigmaMaximum);
        Within(nameof(recipe.SolarizeProbability), recipe.SolarizeProbability, 0, 1);
        Within(nameof(recipe.SolarizeThreshold), recipe.SolarizeThreshold, 0, 255);
        if (recipe.SecondView is { } second)
        {
            Second(nameof(second.FlipHorizontal), second.FlipHorizontal);
            Second(nameof(second.FlipVertical), second.FlipVertical);
            Second(nameof(second.JitterProbability), second.JitterProbability);
            Second(nameof(second.GrayscaleProbability), second.GrayscaleProbability);
            Second(nameof(second.BlurProbability), second.BlurProbability);
            Second(nameof(second.SolarizeProbability), second.SolarizeProbability);
        }
        Defined(nameof(recipe.Filter), recipe.Filter);
        Defined(nameof(recipe.BlurKind), recipe.BlurKind);
        for (int channel = 0; channel < 3; channel++)
        {
            Within(nameof(recipe.Mean), recipe.Mean[channel], 0, 1, where: $" of channel {channel}, in units of the full range (255),");
            Within(nameof(recipe.StandardDeviation), recipe.StandardDeviation[channel], 0.001, 1, where: $" of channel {channel}, in units of the full range (255),");
        }
        return mistakes;

        // Written so that NaN is a mistake.
        void Within(string setting, double value, double minimum, double maximum, bool isMinimumAllowed = true, string where = "")
        {
            bool isAboveMinimum = isMinimumAllowed ? value >= minimum : value > minimum;
            if (!(isAboveMinimum && value <= maximum))
                mistakes.Add($"{Key(setting)}{where} must be in {(isMinimumAllowed ? '[' : '(')}{minimum}, {maximum}], but is {value}.");
        }

        void Second(string setting, double? value)
        {
            if (value is not (null or (>= 0 and <= 1)))
                mistakes.Add($"second-view.{Key(setting)} must be in [0, 1], but is {value}.");
        }

        void Ordered(string setting, double minimum, double maximum)
        {
            if (minimum > maximum)
                mistakes.Add($"{Key(setting)}-minimum must not exceed {Key(setting)}-maximum, but they are {minimum} and {maximum}.");
        }

        void Defined<T>(string setting, T value) where T : struct, Enum
        {
            if (!Enum.IsDefined(value))
                mistakes.Add($"{Key(setting)} must be one of {string.Join(", ", Enum.GetNames<T>().Select(Key))}, but is {value}.");
        }
    }
    // A setting is called in messages as in a recipe's file.
    private static string Key(string setting) => JsonNamingPolicy.KebabCaseLower.ConvertName(setting);
}
