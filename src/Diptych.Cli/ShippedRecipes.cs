using Diptych.Training;
using Diptych.Views;

namespace Diptych.Cli;

/// <summary>The recipes that come with the tool: the files of <c>recipes/</c>.</summary>
internal static class ShippedRecipes
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "recipes");

    public static IReadOnlyList<string> Names =>
        Directory.GetFiles(Folder, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal).ToArray();

    /// <summary>A recipe by its name here, or by its file.</summary>
    /// <exception cref="InvalidInputException">There is neither, or it cannot be read.</exception>
    public static Recipe Read(string nameOrFile)
    {
        if (Names.Contains(nameOrFile))
            return Recipe.Read(Path.Combine(Folder, nameOrFile + ".json"));
        if (File.Exists(nameOrFile))
            return Recipe.Read(nameOrFile);
        if (ViewRecipe.KnownNames.Contains(nameOrFile))
            throw new InvalidInputException($"'{nameOrFile}' is a view recipe, and --recipe names the settings of a whole run. Write --views {nameOrFile}.");
        throw new InvalidInputException(NearMiss.Describe("recipe", nameOrFile, Names) + " A file of your own is named with its path.");
    }
}
