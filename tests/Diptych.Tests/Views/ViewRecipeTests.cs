using Diptych.Views;

namespace Diptych.Tests.Views;

public sealed class ViewRecipeTests
{
    [Fact]
    public void Named_recipes_are_valid_and_take_another_size()
    {
        Assert.Equal(["cifar", "imagenet", "satellite"], ViewRecipe.KnownNames);
        Assert.Equal((32, 224, 32), (ViewRecipe.Named("cifar").Size, ViewRecipe.Named("imagenet").Size, ViewRecipe.Named("satellite").Size));
        Assert.Equal(ViewRecipe.Named("cifar") with { Size = 64 }, ViewRecipe.Named("cifar", size: 64));
        Assert.Equal(23, ViewRecipe.Named("imagenet").BlurKernel);
        Assert.Equal(3, ViewRecipe.Named("cifar").BlurKernel);
    }

    [Theory]
    [InlineData("cifr", "Unknown view recipe 'cifr'. Known view recipes: cifar, imagenet, satellite. Did you mean 'cifar'?")]
    [InlineData("Satelite", "Unknown view recipe 'Satelite'. Known view recipes: cifar, imagenet, satellite. Did you mean 'satellite'?")]
    [InlineData("medical scans", "Unknown view recipe 'medical scans'. Known view recipes: cifar, imagenet, satellite.")]
    public void An_unknown_name_is_answered_with_the_known_ones(string name, string message) =>
        Assert.Equal(message, Assert.Throws<InvalidInputException>(() => ViewRecipe.Named(name)).Message);

    [Fact]
    public void Tells_every_wrong_setting_at_once()
    {
        var recipe = new ViewRecipe
        {
            Name = "mine", Size = 4, CropScaleMinimum = 0.5, CropScaleMaximum = 0.4, FlipHorizontal = 1.5,
            Hue = 0.6, BlurSigmaMinimum = double.NaN, StandardDeviation = new(1, 0, 1), Filter = (ResizeFilter)7,
        };
        Assert.Equal("""
            View recipe 'mine' cannot be used:
            Size must be from 8 to 4,096 pixels, but is 4.
            CropScaleMinimum must not exceed CropScaleMaximum, but they are 0.5 and 0.4.
            FlipHorizontal must be in [0, 1], but is 1.5.
            Hue must be in [0, 0.5], but is 0.6.
            BlurSigmaMinimum must be in (0, 100], but is NaN.
            Filter must be one of Bilinear, Bicubic, but is 7.
            StandardDeviation of channel 1 must be in (0, 100], but is 0.
            """, Assert.Throws<InvalidInputException>(recipe.Validate).Message, ignoreLineEndingDifferences: true);
    }
}
