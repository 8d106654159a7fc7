using Diptych.Losses;
using Diptych.Methods;
using Diptych.Training;

namespace Diptych.Tests.Training;

public sealed class RecipeTests
{
    private static readonly string Shipped = Path.Combine(Repository.Root, "recipes");

    public static IEnumerable<TheoryDataRow<string>> Files => Directory.GetFiles(Shipped, "*.json").Select(Path.GetFileNameWithoutExtension).Order().Select(name => new TheoryDataRow<string>(name!));

    [Theory]
    [MemberData(nameof(Files))]
    public void A_shipped_recipe_is_usable_with_every_loss_and_says_where_it_comes_from(string name)
    {
        Recipe recipe = Recipe.Read(Path.Combine(Shipped, name + ".json"));
        Assert.NotEmpty(recipe.About);
        Assert.NotEmpty(recipe.Paper);
        Assert.All(recipe.Published, line => Assert.Contains("published", line, StringComparison.Ordinal));
        foreach (string loss in ContrastiveLoss.Names.Intersect(["infonce", "dcl", "dclw"]))
            (recipe.Options with { Loss = loss }).Validate();
        if (name != "small-machine")
        {
            Assert.EndsWith("-" + recipe.Options.Method, name, StringComparison.Ordinal);
            Assert.Equal(name.StartsWith("imagenet", StringComparison.Ordinal) ? "resnet50" : "resnet18", recipe.Options.Encoder);
        }
    }

    [Fact]
    public void Each_data_set_has_a_recipe_for_each_method()
    {
        string[] expected = [.. new[] { "cifar10", "cifar100", "stl10", "imagenet100", "imagenet1k" }.SelectMany(_ => KnownMethod.Names, (data, method) => $"{data}-{method}"), "small-machine"];
        Assert.Equal(expected.Order(), Files.Select(f => f.Data));
    }

    [Fact]
    public void Every_setting_is_a_key_and_what_is_left_out_has_its_default()
    {
        using var folder = new TemporaryFolder();
        var options = new PretrainOptions { Method = "moco", Queue = 7, Symmetric = true, TemperatureEnd = 0.4, Encoder = "resnet34", LearningRateScaling = "square-root", Weights = "w.safetensors", ClipGradient = 2 };
        File.WriteAllText(folder.File("whole.json"), options.ToJson());
        Assert.Equal(options, Recipe.Read(folder.File("whole.json")).Options);
        File.WriteAllText(folder.File("part.json"), """{"about": "mine", "queue": 7}""");
        Recipe part = Recipe.Read(folder.File("part.json"));
        Assert.Equal(new PretrainOptions { Queue = 7 }, part.Options);
        Assert.Equal("mine", part.About);
    }

    [Fact]
    public void Unknown_keys_and_wrong_values_are_told_together_with_the_nearest_known_key()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("r.json"), """{"epochz": 3, "xyzzy": 1, "batch": "many", "symmetric": 2, "width": 8, "method": null, "queue": null}""");
        string[] lines = Assert.Throws<InvalidInputException>(() => Recipe.Read(folder.File("r.json"))).Message.Split(Environment.NewLine);
        Assert.Equal($"{folder.File("r.json")} does not hold the settings of a run: Unknown key 'epochz'. Did you mean 'epochs'?", lines[0]);
        Assert.StartsWith("Unknown key 'xyzzy'. Known keys: about, ", lines[1], StringComparison.Ordinal);
        Assert.Equal(["'batch' cannot be \"many\".", "'symmetric' cannot be 2.", "'method' cannot be null."], lines[2..]);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("[1, 2]")]
    [InlineData("null")]
    [InlineData("{\"epochs\": 3, \"epochs\": 4}")]
    public void A_file_that_holds_no_settings_is_refused_by_name(string text)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("recipe.json"), text);
        Assert.StartsWith($"{folder.File("recipe.json")} does not hold the settings of a run: ", Assert.Throws<InvalidInputException>(() => Recipe.Read(folder.File("recipe.json"))).Message, StringComparison.Ordinal);
    }
}
