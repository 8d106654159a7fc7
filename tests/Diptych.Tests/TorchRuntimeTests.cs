using TorchSharp;

namespace Diptych.Tests;

public sealed class TorchRuntimeTests : IDisposable
{
    private static readonly string Core = TorchFiles.NameOf("torch_cpu");
    private readonly string _root = Directory.CreateTempSubdirectory("diptych-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Torch_computes_and_comes_from_the_folder_beside_the_program()
    {
        TorchRuntime.Load();
        Assert.Equal(2f, torch.ones(2).sum().item<float>());
        string folder = Path.Combine(AppContext.BaseDirectory, "libtorch");
        Assert.StartsWith($"libtorch 2.10.0 in {folder}, TorchSharp 0.107.0", TorchRuntime.Description, StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
            Assert.Equal([Path.Combine(folder, Core)], File.ReadLines("/proc/self/maps").Where(l => l.Contains(Core, StringComparison.Ordinal)).Select(l => l[l.IndexOf('/')..]).Distinct());
    }

    [Fact]
    public void The_users_folder_comes_first_then_the_one_dotnet_finds_by_itself_then_the_programs()
    {
        (string program, string probed, string user) = (Folder("program"), Folder("probed", "LibTorchSharp"), Folder("user", "torch_cpu"));
        Assert.Equal(user, Find(user, program, probed).Folder);

        string own = Folder("program/libtorch", "torch_cpu");
        Assert.Equal(own, Find("", program, probed).Folder);
        Assert.Equal(["c10", "torch_cpu", "torch"], Find("", program, probed).InLoadOrder.SkipLast(1).Select(f => Path.GetFileNameWithoutExtension(f).Replace("lib", "", StringComparison.Ordinal)));
        Assert.Equal(Path.Combine(probed, TorchFiles.NameOf("LibTorchSharp")), Find("", program, probed).TorchSharp);

        // TorchSharp itself would load this one as a second: an older build's, or that of a TorchSharp-cpu reference.
        File.WriteAllText(Path.Combine(probed, Core), "");
        Assert.Equal(probed, Find(null, program, probed).Folder);
    }

    [Fact]
    public void A_folder_with_CUDA_is_loaded_before_TorchSharps_library_asks_for_it()
    {
        (string program, string probed, string wheel) = (Folder("program"), Folder("probed", "LibTorchSharp"), Folder("torch/lib", "torch_cpu", "c10_cuda", "torch_cuda"));
        Assert.Equal(["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch", "LibTorchSharp"], Find(wheel, program, probed).InLoadOrder.Select(f => Path.GetFileNameWithoutExtension(f).Replace("libL", "L", StringComparison.Ordinal).Replace("libc", "c", StringComparison.Ordinal).Replace("libt", "t", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_folder_of_the_users_that_holds_no_libtorch_is_refused_with_what_to_do()
    {
        (string program, string probed, string wheel) = (Folder("program"), Folder("probed", "LibTorchSharp"), Folder("wheel"));
        Assert.Equal($"""
            DIPTYCH_LIBTORCH names '{Path.Combine(_root, "absent")}', which is not a folder.
            Set it to the folder that holds {Core} (in a Python wheel: torch/lib), or unset it.
            """, Refusal(() => Find(Path.Combine(_root, "absent"), program, probed)));
        Assert.Equal($"""
            DIPTYCH_LIBTORCH names '{wheel}', which holds no {Core}.
            Set it to the folder that holds {Core} (in a Python wheel: torch/lib), or unset it.
            """, Refusal(() => Find(wheel, program, probed)));
        string inner = Folder("wheel/torch/lib", "torch_cpu");
        Assert.StartsWith($"DIPTYCH_LIBTORCH names '{wheel}', which holds no {Core}. Did you mean '{inner}'?", Refusal(() => Find(wheel, program, probed)), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_libtorchs_never_meet_in_one_process()
    {
        (string program, string probed, string user) = (Folder("program"), Folder("probed", "LibTorchSharp", "torch_cpu"), Folder("user", "torch_cpu"));
        Assert.Equal($"""
            DIPTYCH_LIBTORCH names '{user}', but this program also carries libtorch in '{probed}', and one process cannot hold two.
            Unset DIPTYCH_LIBTORCH, or build without the TorchSharp-cpu, TorchSharp-cuda or libtorch packages.
            """, Refusal(() => Find(user, program, probed)));
        Assert.Equal(probed, Find(probed, program, probed).Folder);
    }

    [Fact]
    public void Without_any_libtorch_the_message_names_every_folder_tried()
    {
        (string program, string probed) = (Folder("program"), Folder("probed", "LibTorchSharp"));
        Assert.Equal($"""
            libtorch was not found: no {Core}.
            Looked in: {Path.Combine(program, "libtorch")}, {probed}.
            Build again without DiptychLibtorch=none, copy the libtorch folder along with the program, or set DIPTYCH_LIBTORCH to a folder that holds {Core} (in a Python wheel: torch/lib).
            """, Refusal(() => Find(null, program, probed)));
        Assert.StartsWith("TorchSharp's native library ", Refusal(() => Find(null, program, program)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by libc10.so)", "This system's C or C++ library is older than that")]
    [InlineData("libLibTorchSharp.so: undefined symbol: _ZN3c10", "TorchSharp 0.107.0 does not fit this libtorch: unset DIPTYCH_LIBTORCH")]
    [InlineData("libc10.so: invalid ELF header", "The file is damaged or not for this process")]
    [InlineData("libc10.so: cannot open shared object file: No such file or directory", "The folder is incomplete: restore and build again, or unset DIPTYCH_LIBTORCH.")]
    public void A_refusal_by_the_system_says_file_folder_version_reason_and_remedy(string reason, string advice)
    {
        string user = Folder("wheel/torch/lib", "torch_cpu");
        File.WriteAllText(Path.Combine(_root, "wheel/torch/version.py"), "from typing import Optional\n\n__version__ = '2.9.1+cpu'\ncuda: Optional[str] = None\n");
        string file = Path.Combine(user, "libc10.so");
        string[] lines = new TorchFiles(user, "unused", IsChosenByUser: true).ExplainFailure(file, $"Unable to load shared library or one of its dependencies. \n{reason}\n").Split('\n');
        Assert.Equal("libc10.so cannot be loaded.", lines[0]);
        Assert.Equal($"Tried: {file}, with libtorch 2.9.1+cpu from {user}, which DIPTYCH_LIBTORCH names.", lines[1]);
        Assert.Equal($"The system says: {reason}", lines[2]);
        Assert.StartsWith(advice, lines[3], StringComparison.Ordinal);
        Assert.Equal(4, lines.Length);
    }

    private static TorchFiles Find(string? chosen, string program, string probed) => TorchFiles.Find(chosen, [program], [probed]);

    private static string Refusal(Action action) => Assert.Throws<TorchLoadException>(action).Message;

    private string Folder(string name, params string[] libraries)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_root, name)).FullName;
        foreach (string library in libraries)
            File.WriteAllText(Path.Combine(folder, TorchFiles.NameOf(library)), "");
        return folder;
    }
}
