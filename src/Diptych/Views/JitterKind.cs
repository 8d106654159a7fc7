namespace Diptych.Views;

/// <summary>One of the four colour changes.</summary>
public enum JitterKind
{
    /// <summary>Towards black (factor 0) or away from it (above 1).</summary>
    Brightness,

    /// <summary>Towards the image's mean luma, or away from it.</summary>
    Contrast,

    /// <summary>Towards the pixel's luma, or away from it.</summary>
    Saturation,

    /// <summary>Turns the hue by this part of the circle, −0.5 to 0.5.</summary>
    Hue,
}
