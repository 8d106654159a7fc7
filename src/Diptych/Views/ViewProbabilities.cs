namespace Diptych.Views;

/// <summary>What the second view of a pair does as often as the recipe says here; null where it does as the first.</summary>
/// <remarks>Source: the asymmetric views of Grill et al., "Bootstrap your own latent" (BYOL), arXiv 2006.07733v3, appendix B.</remarks>
public sealed record ViewProbabilities
{
    /// <summary>Instead of <see cref="ViewRecipe.FlipHorizontal"/>.</summary>
    public double? FlipHorizontal { get; init; }

    /// <summary>Instead of <see cref="ViewRecipe.FlipVertical"/>.</summary>
    public double? FlipVertical { get; init; }

    /// <summary>Instead of <see cref="ViewRecipe.JitterProbability"/>.</summary>
    public double? JitterProbability { get; init; }

    /// <summary>Instead of <see cref="ViewRecipe.GrayscaleProbability"/>.</summary>
    public double? GrayscaleProbability { get; init; }

    /// <summary>Instead of <see cref="ViewRecipe.BlurProbability"/>.</summary>
    public double? BlurProbability { get; init; }

    /// <summary>Instead of <see cref="ViewRecipe.SolarizeProbability"/>.</summary>
    public double? SolarizeProbability { get; init; }
}
