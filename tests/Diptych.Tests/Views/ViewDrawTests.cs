using Diptych.Data;
using Diptych.Views;

namespace Diptych.Tests.Views;

public sealed class ViewDrawTests
{
    private const int Count = 20_000;
    private static readonly ViewRecipe Recipe = ViewRecipe.Named("imagenet") with { FlipVertical = 0.3, QuarterTurns = true };

    [Fact]
    public void The_same_key_draws_the_same_view_and_every_part_of_the_key_matters()
    {
        static ViewDraw Draw(long seed, int epoch, int image, int view) => ViewDraw.For(Recipe, 400, 300, seed, epoch, image, view);
        Assert.Equal(Draw(1, 2, 3, 0), Draw(1, 2, 3, 0));
        Assert.Equal(5, new[] { Draw(1, 2, 3, 0), Draw(9, 2, 3, 0), Draw(1, 9, 3, 0), Draw(1, 2, 9, 0), Draw(1, 2, 3, 1) }.Distinct().Count());
    }

    [Fact]
    public void One_settings_change_leaves_the_other_draws_alone()
    {
        for (int image = 0; image < 200; image++)
        {
            ViewDraw draw = ViewDraw.For(Recipe, 400, 300, 1, 0, image, 0);
            ViewDraw changed = ViewDraw.For(Recipe with { JitterProbability = 0, QuarterTurns = false, GrayscaleProbability = 1 }, 400, 300, 1, 0, image, 0);
            Assert.Equal(draw with { Jitter = [], QuarterTurns = 0, IsGrayscale = true }, changed);
        }
    }

    [Fact]
    public void Crops_stay_inside_the_image_and_the_recipe()
    {
        const int width = 500, height = 375;
        Assert.All(Draws(width, height).Select(draw => draw.Crop), crop =>
        {
            Assert.True(crop.Left >= 0 && crop.Top >= 0 && crop.Left + crop.Width <= width && crop.Top + crop.Height <= height);
            Assert.InRange((double)crop.Width * crop.Height / (width * height), 0.079, 1);
            Assert.InRange((double)crop.Width / crop.Height, 0.735, 1.36);
        });
    }

    [Fact]
    public void The_second_view_has_its_own_probabilities_and_the_first_is_untouched()
    {
        ViewRecipe strong = ViewRecipe.Named("imagenet-strong"), alike = strong with { SecondView = null };
        ViewDraw[] first = Many(strong, 0), second = Many(strong, 1);
        Assert.Equal(Many(alike, 0), first);
        Assert.All(first, draw => Assert.True(draw.BlurSigma is not null && draw.SolarizeThreshold is null));
        Assert.InRange(second.Count(draw => draw.BlurSigma is not null), 2000 * 0.1 - 70, 2000 * 0.1 + 70);
        Assert.InRange(second.Count(draw => draw.SolarizeThreshold == 128), 2000 * 0.2 - 90, 2000 * 0.2 + 90);
        Assert.Equal(Many(alike, 1).Select(draw => (draw.Crop, draw.IsGrayscale)), second.Select(draw => (draw.Crop, draw.IsGrayscale)));
        Assert.Equal(Many(strong, 3).Count(draw => draw.BlurSigma is null), Many(strong with { BlurProbability = 0 }, 3).Count(draw => draw.BlurSigma is null));

        static ViewDraw[] Many(ViewRecipe recipe, int view) => [.. Enumerable.Range(0, 2000).Select(image => ViewDraw.For(recipe, 90, 70, 2, 0, image, view))];
    }

    [Theory]
    [InlineData(1000, 10, 13, 10)]
    [InlineData(10, 1000, 10, 13)]
    [InlineData(1, 1, 1, 1)]
    [InlineData(1, 50, 1, 1)]
    public void An_image_too_narrow_for_any_try_gives_its_centre(int width, int height, int cropWidth, int cropHeight)
    {
        ViewRecipe large = Recipe with { CropScaleMinimum = 0.99 };
        Assert.Equal(new ImageRegion((width - cropWidth) / 2, (height - cropHeight) / 2, cropWidth, cropHeight), ViewDraw.For(large, width, height, 0, 0, 0, 0).Crop);
    }

    [Fact]
    public void Operations_come_as_often_as_the_recipe_says()
    {
        ViewDraw[] draws = [.. Draws(64, 64)];
        Often(0.5, draw => draw.IsFlippedHorizontally);
        Often(0.3, draw => draw.IsFlippedVertically);
        Often(0.25, draw => draw.QuarterTurns == 3);
        Often(0.8, draw => draw.Jitter.Count == 4);
        Often(0.8 / 24, draw => draw.Jitter.Select(step => step.Kind).SequenceEqual([JitterKind.Hue, JitterKind.Brightness, JitterKind.Saturation, JitterKind.Contrast]));
        Often(0.2, draw => draw.IsGrayscale);
        Often(0.5, draw => draw.BlurSigma is not null);
        Often(0.25, draw => draw.BlurSigma > 1.05);
        Often(0.4, draw => draw.Jitter.Any(step => step.Kind == JitterKind.Brightness && step.Factor > 1));
        Assert.All(draws.SelectMany(draw => draw.Jitter), step =>
            Assert.InRange(step.Factor, step.Kind == JitterKind.Hue ? -0.2 : 0.2, step.Kind == JitterKind.Hue ? 0.2 : 1.8));

        // Five standard deviations of a binomial.
        void Often(double probability, Func<ViewDraw, bool> isSo) =>
            Assert.InRange(draws.Count(isSo) - Count * probability, -5 * Math.Sqrt(Count * probability * (1 - probability)), 5 * Math.Sqrt(Count * probability * (1 - probability)));
    }

    private static IEnumerable<ViewDraw> Draws(int width, int height) =>
        Enumerable.Range(0, Count).Select(image => ViewDraw.For(Recipe, width, height, 3, 0, image, 0));
}
