namespace Diptych.Tests.Data;

/// <summary>Files of the repository and, where present, the data set folder beside it.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Golden(string name) => Path.Combine(Root, "tests/Diptych.Tests/Data/Golden", name);

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
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, "Diptych.slnx")))
                return folder;
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Diptych.slnx.");
    }
}
