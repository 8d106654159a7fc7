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

    // Stand-ins for CUDA's libraries, which load but show no GPU: TorchSharp's search for CUDA must end at the libraries that are loaded.
    [Fact]
    public async Task A_folder_with_CUDA_is_asked_for_a_GPU_and_no_other_one_is_searched()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the stand-ins are made of Linux libraries");
        foreach (string file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "libtorch")))
            File.CreateSymbolicLink(Path.Combine(_root, Path.GetFileName(file)), file);
        foreach (string name in new[] { "libc10_cuda.so", "libtorch_cuda.so" })
            File.Copy(Path.Combine(_root, "libc10.so"), Path.Combine(_root, name));
        Run run = await Run.Tool(["pretrain", Run.Sample("test.tar"), "--device", "cuda", "--out", Path.Combine(_root, "run")], ("DIPTYCH_LIBTORCH", _root));
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.StartsWith($"--device cuda needs a GPU and a libtorch with CUDA, but no GPU is seen by libtorch 2.10.0 in {_root} (DIPTYCH_LIBTORCH)", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_root, "run")));
        Assert.Empty(Directory.GetDirectories(AppContext.BaseDirectory, "cuda*"));
    }

    [Fact]
    public async Task A_GPU_that_is_not_there_is_one_message_and_no_run_folder()
    {
        string run = Path.Combine(_root, "run");
        Run refused = await Run.Tool(["pretrain", Run.Sample("test.tar"), "--device", "cuda:0", "--out", run]);
        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.StartsWith("--device cuda:0 needs a GPU and a libtorch with CUDA, but there is no CUDA in libtorch 2.10.0 in ", refused.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run));
        Assert.Contains("Unknown device 'gpu'.", (await Run.Tool(["evaluate", run, "--data", "samples/eurosat", "--device", "gpu"])).Error, StringComparison.Ordinal);
        Assert.Contains("Unknown device 'gpu'.", (await Run.Tool(["embed", run, "photos", "--out", "x.npy", "--device", "gpu"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public Task An_empty_folder_is_one_message_and_exit_code_2() => Refuses(_root, 2, $"DIPTYCH_LIBTORCH names '{_root}', which holds no ");

    [Fact]
    public async Task Help_needs_no_libtorch() =>
        Assert.Contains("pretrain", (await Run.Tool(["--help"], ("DIPTYCH_LIBTORCH", Path.Combine(_root, "absent")))).Succeeded(), StringComparison.Ordinal);

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
