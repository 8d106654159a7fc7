namespace Diptych.Cli.Tests;

/// <summary>DIPTYCH_LIBTORCH, as a user of the tool meets it.</summary>
public sealed class LibtorchFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("diptych-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Unset_it_is_the_folder_beside_the_tool()
    {
        string said = (await Run.Tool(["--version"])).Succeeded();
        Assert.Contains($"libtorch 2.10.0 in {Path.Combine(AppContext.BaseDirectory, "libtorch")}, TorchSharp 0.107.0", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_it_is_that_folder()
    {
        foreach (string file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "libtorch")))
            File.CreateSymbolicLink(Path.Combine(_root, Path.GetFileName(file)), file);
        string said = (await Run.Tool(["--version"], ("DIPTYCH_LIBTORCH", _root))).Succeeded();
        Assert.Contains($"libtorch 2.10.0 in {_root} (DIPTYCH_LIBTORCH)", said, StringComparison.Ordinal);
    }

    [Fact]
    public Task An_empty_folder_is_one_message_and_exit_code_2() => Refuses(_root, 2, $"DIPTYCH_LIBTORCH names '{_root}', which holds no ");

    [Fact]
    public Task An_absent_folder_is_one_message_and_exit_code_2() => Refuses(Path.Combine(_root, "absent"), 2, $"DIPTYCH_LIBTORCH names '{Path.Combine(_root, "absent")}', which is not a folder.");

    [Fact]
    public async Task A_damaged_library_is_one_message_and_exit_code_2()
    {
        foreach (string file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "libtorch")))
            File.WriteAllText(Path.Combine(_root, Path.GetFileName(file)), "damaged");
        string said = await Refuses(_root, 4, Path.GetFileName(Directory.GetFiles(_root, "*c10*")[0]) + " cannot be loaded.");
        Assert.Contains("damaged or not for this process", said, StringComparison.Ordinal);
    }

    private static async Task<string> Refuses(string folder, int lines, string opening)
    {
        Run run = await Run.Tool(["--version"], ("DIPTYCH_LIBTORCH", folder));
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.StartsWith(opening, run.Error, StringComparison.Ordinal);
        Assert.Equal(lines, run.Error.Split('\n').Length);
        // TorchSharp's own search, had it run, would have left its copy of libtorch here.
        Assert.False(Directory.Exists(Path.Combine(AppContext.BaseDirectory, "cpu")));
        return run.Error;
    }
}
