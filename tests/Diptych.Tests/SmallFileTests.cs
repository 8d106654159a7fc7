using Diptych.Evaluation;
using Diptych.Training;
using Diptych.Views;

namespace Diptych.Tests;

public sealed class SmallFileTests
{
    [Fact]
    public void Files_larger_than_their_kind_are_refused_unread()
    {
        using var folder = new TemporaryFolder();
        string recipe = folder.File("recipe.json"), result = folder.File("evaluation.json");
        Fill(recipe, (1 << 20) + 1);
        Fill(result, (512 << 20) + 1);
        Assert.Contains("has 1,048,577 bytes, more than the 1,048,576", Assert.Throws<InvalidInputException>(() => Recipe.Read(recipe)).Message, StringComparison.Ordinal);
        Assert.Contains("has 1,048,577 bytes", Assert.Throws<InvalidInputException>(() => ViewRecipe.Named(recipe)).Message, StringComparison.Ordinal);
        Assert.Contains("has 536,870,913 bytes", Assert.Throws<InvalidInputException>(() => EvaluationResult.Read(result)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_has_the_length_of_its_file()
    {
        using var folder = new TemporaryFolder();
        Fill(folder.File("large.json"), (1 << 20) + 1);
        string link = folder.File("recipe.json");
        File.CreateSymbolicLink(link, folder.File("large.json"));
        Assert.Contains("has 1,048,577 bytes", Assert.Throws<InvalidInputException>(() => Recipe.Read(link)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_is_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "mkfifo is a command of Linux");
        using var folder = new TemporaryFolder();
        string pipe = folder.File("recipe.json");
        System.Diagnostics.Process.Start("mkfifo", pipe).WaitForExit();
        using var writer = System.Diagnostics.Process.Start("sh", ["-c", "printf '{\"epochs\": 7}' > \"$0\"", pipe]);
        Assert.Equal("{\"epochs\": 7}", SmallFile.ReadText(pipe));
    }

    // Sparse: it takes no room on the disk.
    private static void Fill(string path, long length)
    {
        using FileStream file = File.Create(path);
        file.SetLength(length);
    }
}
