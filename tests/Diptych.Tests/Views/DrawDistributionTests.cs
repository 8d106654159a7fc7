using System.Text.Json;
using Diptych.Views;

namespace Diptych.Tests.Views;

/// <summary>100,000 draws against 400,000 of torchvision's, counted by Golden/make_draws_golden.py.</summary>
public sealed class DrawDistributionTests
{
    private const int Count = 100_000;

    private static readonly JsonElement Golden = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("draws-golden.json"))).RootElement;

    private static readonly ViewDraw[] Draws = Draw(ViewRecipe.Named("imagenet") with { JitterProbability = 1, BlurProbability = 1 });

    [Theory]
    [InlineData("left")]
    [InlineData("top")]
    [InlineData("width")]
    [InlineData("height")]
    [InlineData("area")]
    [InlineData("ratio")]
    [InlineData("brightness")]
    [InlineData("contrast")]
    [InlineData("saturation")]
    [InlineData("hue")]
    [InlineData("order")]
    [InlineData("sigma")]
    public void Is_distributed_as_in_torchvision(string parameter) =>
        Assert.InRange(Distance(Draws, parameter, out double bound), 0, bound);

    [Fact]
    public void A_slightly_other_recipe_is_told_apart()
    {
        ViewDraw[] others = Draw(ViewRecipe.Named("imagenet") with { CropScaleMinimum = 0.1, Brightness = 0.78, BlurSigmaMaximum = 2.05, JitterProbability = 1, BlurProbability = 1 });
        foreach (string parameter in (string[])["left", "top", "width", "height", "area", "brightness", "sigma"])
        {
            double distance = Distance(others, parameter, out double bound);
            Assert.True(distance > bound, $"{parameter}: {distance} is within {bound}");
        }
    }

    // Kolmogorov and Smirnov's distance, and the bound that equal distributions pass once in a million.
    private static double Distance(ViewDraw[] draws, string parameter, out double bound)
    {
        long[] expected = [.. Golden.GetProperty(parameter).EnumerateArray().Select(count => count.GetInt64())];
        long[] found = new long[Math.Max(expected.Length, 2000)];
        foreach (ViewDraw draw in draws)
            found[Bin(draw, parameter)]++;
        long all = expected.Sum();
        bound = Math.Sqrt(-Math.Log(1e-6 / 2) / 2) * Math.Sqrt(1.0 / Count + 1.0 / all);

        double distance = 0;
        long sumExpected = 0, sumFound = 0;
        for (int bin = 0; bin < found.Length; bin++)
        {
            sumExpected += bin < expected.Length ? expected[bin] : 0;
            sumFound += found[bin];
            distance = Math.Max(distance, Math.Abs((double)sumExpected / all - (double)sumFound / Count));
        }
        return distance;
    }

    private static int Bin(ViewDraw draw, string parameter)
    {
        double Factor(JitterKind kind) => draw.Jitter.First(step => step.Kind == kind).Factor;
        return parameter switch
        {
            "left" => draw.Crop.Left,
            "top" => draw.Crop.Top,
            "width" => draw.Crop.Width,
            "height" => draw.Crop.Height,
            "area" => draw.Crop.Width * draw.Crop.Height * 1000 / (500 * 375),
            "ratio" => draw.Crop.Width * 1000 / draw.Crop.Height,
            "brightness" => Part(Factor(JitterKind.Brightness), 0.2, 1.8),
            "contrast" => Part(Factor(JitterKind.Contrast), 0.2, 1.8),
            "saturation" => Part(Factor(JitterKind.Saturation), 0.2, 1.8),
            "hue" => Part(Factor(JitterKind.Hue), -0.2, 0.2),
            "order" => draw.Jitter.Aggregate(0, (order, step) => order * 4 + (int)step.Kind),
            "sigma" => Part(draw.BlurSigma!.Value, 0.1, 2),
            _ => throw new ArgumentException(parameter),
        };
    }

    private static int Part(double value, double low, double high) => Math.Clamp((int)((value - low) / (high - low) * 200), 0, 199);

    private static ViewDraw[] Draw(ViewRecipe recipe) =>
        [.. Enumerable.Range(0, Count).Select(image => ViewDraw.For(recipe, 500, 375, 3, 0, image, 0))];
}
