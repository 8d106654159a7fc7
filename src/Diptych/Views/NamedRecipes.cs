namespace Diptych.Views;

/// <summary>The recipes that have a name: the files of <c>Views/Recipes</c>, carried inside the library.</summary>
internal static class NamedRecipes
{
    private const string Prefix = "Diptych.Views.Recipes.", Suffix = ".json";

    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(NamedRecipes).Assembly.GetManifestResourceNames()
            .Where(resource => resource.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(resource => resource[Prefix.Length..^Suffix.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The recipe of one of <see cref="Names"/>.</summary>
    public static ViewRecipe Read(string name)
    {
        using Stream stream = typeof(NamedRecipes).Assembly.GetManifestResourceStream(Prefix + name + Suffix)!;
        using var text = new StreamReader(stream);
        return ViewRecipeFile.Parse(text.ReadToEnd(), name, $"View recipe '{name}'");
    }
}
