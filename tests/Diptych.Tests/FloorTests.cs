using System.Text.RegularExpressions;

namespace Diptych.Tests;

public sealed partial class FloorTests
{
    private static readonly Dictionary<string, int> Floors = new()
    {
        ["Data"] = 0, ["Models"] = 0, ["Losses"] = 0, ["Distributed"] = 0, ["Checkpoints"] = 0,
        ["Views"] = 1, ["Methods"] = 2, ["Training"] = 3, ["Evaluation"] = 4, ["Embeddings"] = 5, ["Reports"] = 5,
    };

    [Fact]
    public void A_folder_of_the_library_uses_lower_floors_only()
    {
        string library = Path.Combine(Repository.Root, "src", "Diptych");
        var wrong = new List<string>();
        foreach (string file in Directory.GetFiles(library, "*.cs", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(library, file).Replace('\\', '/');
            string folder = relative.Contains('/', StringComparison.Ordinal) ? relative.Split('/')[0] : "";
            if (folder is "build")
                continue;
            wrong.AddRange(FindUpwardUses(folder, File.ReadAllText(file)).Select(used => $"{relative} uses Diptych.{used}"));
        }
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("Data", "using Diptych.Views;", "Views")]
    [InlineData("Losses", "Diptych.Models.ResNet x;", "Models")]
    [InlineData("", "using Diptych.Data;", "Data")]
    [InlineData("Training", "using Diptych.Views;", null)]
    [InlineData("Views", "namespace Diptych.Views.Kernels;", null)]
    [InlineData("Data", "Checkpoints.AtomicFile.Write(path, write);", "Checkpoints")]
    [InlineData("Data", "folder.Checkpoints.List();", null)]
    public void An_upward_use_is_found(string folder, string line, string? found) =>
        Assert.Equal(found is null ? [] : [found], FindUpwardUses(folder, line));

    private static IEnumerable<string> FindUpwardUses(string folder, string text) =>
        FolderName().Matches(text).Select(m => m.Groups[1].Value).Distinct()
            .Where(used => Floors.ContainsKey(used) && used != folder && (folder.Length == 0 || Floors[used] >= Floors[folder]));

    // By its whole name, or from within Diptych by the folder's alone.
    [GeneratedRegex(@"(?:\bDiptych\.|(?<![\w.\""])(?=[A-Z]\w+\.[A-Z]))(\w+)")]
    private static partial Regex FolderName();
}
