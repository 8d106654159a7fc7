namespace Diptych.Tests;

/// <summary>Where the repository's files are, found by walking up from the test assembly, and, where present, the data set folder beside it.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Golden(string name) => Path.Combine(Root, "tests", "Diptych.Tests", "Golden", name);

    public static string Image(string name) => Path.Combine(Root, "tests", "Diptych.Tests", "Data", "Golden", name);

    public static string Sample(string name) => Path.Combine(Root, "samples", "eurosat", name);

    /// <summary>A file of the folder DIPTYCH_SHARED, or of <c>../shared</c>; the test is skipped where it is absent.</summary>
    public static string SharedOrSkip(string name)
    {
        string shared = Environment.GetEnvironmentVariable("DIPTYCH_SHARED") ?? Path.Combine(Root, "../shared");
        string path = Path.Combine(shared, name);
        if (!File.Exists(path))
            Assert.Skip($"There is no {name} in {shared}; set DIPTYCH_SHARED to the folder that holds it.");
        return path;
    }

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
