namespace Diptych.Tests;

/// <summary>Where the repository's files are, found by walking up from the test assembly.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Golden(string name) => Path.Combine(Root, "tests", "Diptych.Tests", "Golden", name);

    public static string Sample(string name) => Path.Combine(Root, "samples", "eurosat", name);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Diptych.slnx")))
                return folder.FullName;
        }
        throw new InvalidOperationException($"No Diptych.slnx above {AppContext.BaseDirectory}.");
    }
}
