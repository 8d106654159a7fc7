using Diptych.Data;
using Diptych.Views;
using SkiaSharp;

namespace Diptych.Tests.Views;

public sealed class ContactSheetTests
{
    [Fact]
    public void A_sheet_that_no_memory_holds_is_refused_with_its_size()
    {
        using var source = new PixelSource(9);
        string message = Assert.Throws<InvalidInputException>(() => ContactSheet.Draw(source, ViewRecipe.Named("imagenet", size: 1024), [1, 2, 3, 4, 5, 6, 7, 8], viewsPerImage: 64, seed: 1)).Message;
        Assert.Contains("8 rows and 65 columns of 1024 pixels would have 547", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shows_the_views_that_training_would_see()
    {
        using var source = new PixelSource(9);
        ViewRecipe recipe = ViewRecipe.Named("satellite", size: 24);
        using SKBitmap sheet = SKBitmap.Decode(ContactSheet.Draw(source, recipe, [3, 8], viewsPerImage: 4, seed: 6));
        Assert.Equal((5 * 26 + 2, 2 * 26 + 2), (sheet.Width, sheet.Height));
        Assert.Equal(SKColors.White, sheet.GetPixel(0, 0));

        var decoded = new ImageBuffer();
        source.Decode(8, decoded);
        byte[] view = new byte[24 * 24 * 4];
        new ViewRenderer().Render(decoded, ViewDraw.For(recipe, decoded.Width, decoded.Height, 6, 0, 8, 2), recipe, view.AsSpan());
        for (int pixel = 0; pixel < 24 * 24; pixel++)
        {
            SKColor found = sheet.GetPixel(2 + 3 * 26 + pixel % 24, 2 + 26 + pixel / 24);
            Assert.Equal((view[pixel * 4], view[pixel * 4 + 1], view[pixel * 4 + 2]), (found.Red, found.Green, found.Blue));
        }
    }
}
