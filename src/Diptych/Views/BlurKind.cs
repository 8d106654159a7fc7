namespace Diptych.Views;

/// <summary>Which of the two blurs in use; they differ in about a third of all values.</summary>
public enum BlurKind
{
    /// <summary>A true Gaussian cut off at the kernel's size, edges reflected: torchvision's <c>GaussianBlur</c>.</summary>
    Gaussian,

    /// <summary>Three extended box passes, edges repeated: Pillow's <c>ImageFilter.GaussianBlur</c>, used by lightly and solo-learn.</summary>
    Pillow,
}
