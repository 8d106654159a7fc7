namespace Diptych.Views;

/// <summary>A rectangle of the decoded image, in pixels from its top left.</summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Width">Columns, ≥ 1.</param>
/// <param name="Height">Rows, ≥ 1.</param>
public readonly record struct CropBox(int Left, int Top, int Width, int Height)
{
    /// <summary>The whole image.</summary>
    public static CropBox Whole(int width, int height) => new(0, 0, width, height);
}
