namespace Diptych.Views;

/// <summary>How a crop is brought to the view's size; both widen with the reduction, so nothing aliases.</summary>
public enum ResizeFilter
{
    /// <summary>Triangle of support 1.</summary>
    Bilinear,

    /// <summary>Keys' cubic of support 2, a = −0.5.</summary>
    Bicubic,
}
