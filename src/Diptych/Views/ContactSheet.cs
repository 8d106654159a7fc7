using Diptych.Data;

namespace Diptych.Views;

/// <summary>A picture of what the network will see: one row an image, the whole image first, then its views.</summary>
public static class ContactSheet
{
    private const int Gap = 2;

    /// <summary>Draws the sheet with the views of epoch 0.</summary>
    /// <param name="source">The images.</param>
    /// <param name="recipe">What a view looks like; its size is a cell's.</param>
    /// <param name="images">Which images, one a row, ≥ 1.</param>
    /// <param name="viewsPerImage">Columns after the first, ≥ 1.</param>
    /// <param name="seed">The run's seed.</param>
    /// <returns>A PNG file.</returns>
    /// <exception cref="InvalidInputException">The recipe is unusable, an image cannot be decoded, or the sheet would be too large.</exception>
    public static byte[] Draw(IImageSource source, ViewRecipe recipe, IReadOnlyList<int> images, int viewsPerImage, long seed)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(images.Count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(viewsPerImage, 1);
        recipe.Validate();

        int pitch = recipe.Size + Gap;
        long wide = (viewsPerImage + 1L) * pitch + Gap, high = (long)images.Count * pitch + Gap;
        if (wide * high > ImageDecoder.MaximumPixels)
            throw new InvalidInputException($"A sheet of {images.Count:N0} rows and {viewsPerImage + 1:N0} columns of {recipe.Size} pixels would have {wide * high:N0} pixels; the limit is {ImageDecoder.MaximumPixels:N0}. Ask for fewer or smaller views, or for a folder with each view as a file.");
        (int width, int height) = ((int)wide, (int)high);
        byte[] sheet = new byte[width * height * 4];
        sheet.AsSpan().Fill(255);
        byte[] view = new byte[recipe.Size * recipe.Size * 4];
        var renderer = new ViewRenderer();
        var decoded = new ImageBuffer();
        for (int row = 0; row < images.Count; row++)
        {
            int top = Gap + row * pitch;
            source.Decode(images[row], decoded);
            DrawWhole(renderer, decoded, recipe.Size, sheet, width, Gap, top);
            for (int number = 0; number < viewsPerImage; number++)
            {
                ViewDraw draw = ViewDraw.For(recipe, decoded.Width, decoded.Height, seed, 0, images[row], number);
                renderer.Render(decoded, draw, recipe, view.AsSpan());
                Paste(view, recipe.Size, recipe.Size, sheet, width, Gap + (number + 1) * pitch, top);
            }
        }
        return PngFile.Encode(sheet, width, height);
    }

    // The whole image as large as fits the cell, in its own proportions, centred.
    internal static void DrawWhole(ViewRenderer renderer, ImageBuffer decoded, int size, byte[] sheet, int sheetWidth, int left, int top)
    {
        double scale = (double)size / Math.Max(decoded.Width, decoded.Height);
        int width = Math.Max(1, (int)Math.Round(decoded.Width * scale)), height = Math.Max(1, (int)Math.Round(decoded.Height * scale));
        byte[] cell = new byte[width * height * 4];
        renderer.Resize(decoded, cell, width, height, ResizeFilter.Bicubic);
        Paste(cell, width, height, sheet, sheetWidth, left + (size - width) / 2, top + (size - height) / 2);
    }

    private static void Paste(ReadOnlySpan<byte> cell, int width, int height, Span<byte> sheet, int sheetWidth, int left, int top)
    {
        for (int y = 0; y < height; y++)
            cell.Slice(y * width * 4, width * 4).CopyTo(sheet[(((top + y) * sheetWidth + left) * 4)..]);
    }
}
