namespace Diptych.Data;

/// <summary>A rectangle of an image, in pixels from its top left.</summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Width">Columns, ≥ 1.</param>
/// <param name="Height">Rows, ≥ 1.</param>
public readonly record struct ImageRegion(int Left, int Top, int Width, int Height)
{
    /// <summary>All of an image.</summary>
    public static ImageRegion Whole(int width, int height) => new(0, 0, width, height);

    /// <summary>The smallest rectangle that holds both.</summary>
    public ImageRegion Union(ImageRegion other)
    {
        int left = Math.Min(Left, other.Left), top = Math.Min(Top, other.Top);
        int right = Math.Max(Left + Width, other.Left + other.Width), bottom = Math.Max(Top + Height, other.Top + other.Height);
        return new(left, top, right - left, bottom - top);
    }

    /// <summary>Whether it lies within an image of this size and has at least one pixel.</summary>
    public bool IsWithin(int width, int height) =>
        Left >= 0 && Top >= 0 && Width >= 1 && Height >= 1 && (long)Left + Width <= width && (long)Top + Height <= height;
}
