using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace Diptych;

/// <summary>Loads libtorch and TorchSharp's native library, from the one folder they shall come from.</summary>
/// <remarks>
/// The folder is <c>DIPTYCH_LIBTORCH</c> when set, else where a TorchSharp-cpu or TorchSharp-cuda package put it, else <c>libtorch/</c>
/// beside the program. TorchSharp looks for itself when it is first touched, and on failure names a wrong cause and
/// copies 500 MB; so this runs earlier: before <c>Main</c>, unless the build property DiptychLoadAtStart is false.
/// </remarks>
public static partial class TorchRuntime
{
    private const string SpinVariable = "GOMP_SPINCOUNT";

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, nint> Handles = [];

    /// <summary>Version, if the folder tells it, and folder of the libtorch in use; null before <see cref="Load"/>.</summary>
    public static string? Description { get; private set; }

    /// <summary>Whether the libtorch in use has its part for CUDA; false before <see cref="Load"/>. Whether there is a GPU is another question.</summary>
    public static bool HasCuda { get; private set; }

    /// <summary>Loads the native libraries; does nothing the second time. Any thread may call it.</summary>
    /// <exception cref="TorchLoadException">A file is missing, or the system's loader refuses it.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (Description is not null)
                return;
            TorchFiles files = TorchFiles.Find(Environment.GetEnvironmentVariable(TorchFiles.Variable), ProgramFolders(), ProbedFolders());
            // A thread of libtorch that waits for its fellows spins, for milliseconds where nothing else is asked for, and so keeps the loader's threads off its core.
            // libgomp reads this when it is loaded; programs that are started later do not get it.
            bool spinsBriefly = OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null && Environment.GetEnvironmentVariable(SpinVariable) is null;
            if (spinsBriefly)
                _ = SetForNativeCode(SpinVariable, "3000", 1);
            foreach (string file in files.InLoadOrder)
                Handles[Path.GetFileName(file)] = LoadFile(file, files);
            if (spinsBriefly)
                _ = UnsetForNativeCode(SpinVariable);

            // Names are looked up in the probed folders first; this answers where that finds nothing.
            Assembly torchSharp = typeof(torch).Assembly;
            (AssemblyLoadContext.GetLoadContext(torchSharp) ?? AssemblyLoadContext.Default).ResolvingUnmanagedDll += (_, name) =>
                Handles.GetValueOrDefault(TorchFiles.NameOf(name));
            HasCuda = Handles.ContainsKey(TorchFiles.NameOf("torch_cuda"));
            Description = files.Describe();
        }
    }

    /// <summary>Makes results independent of the processor: one thread, and kernels that do not need more than AVX2.</summary>
    /// <remarks>libtorch chooses its kernels once, at its first operation on a tensor; tensors made before this call leave it with those it took.</remarks>
    public static void UseTheSameArithmeticEverywhere()
    {
        Load();
        foreach ((string name, string value) in new[] { ("ATEN_CPU_CAPABILITY", "avx2"), ("ONEDNN_MAX_CPU_ISA", "AVX2"), ("MKL_CBWR", "COMPATIBLE") })
        {
            Environment.SetEnvironmentVariable(name, value);
            if (!OperatingSystem.IsWindows())
                _ = SetForNativeCode(name, value, 1); // .NET keeps a copy of its own
        }
        torch.set_num_threads(1);
    }

    /// <summary>A function of libtorch's CPU part or of what that is linked with; 0 where there is none.</summary>
    internal static nint FindExport(string name) =>
        Handles.TryGetValue(TorchFiles.NameOf("torch_cpu"), out nint library) && NativeLibrary.TryGetExport(library, name, out nint address) ? address : 0;

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetForNativeCode(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnsetForNativeCode(string name);

    private static nint LoadFile(string file, TorchFiles files)
    {
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new TorchLoadException(files.ExplainFailure(file, e.Message), e);
        }
    }

    // The second differs from the first under a test host.
    private static IEnumerable<string> ProgramFolders() =>
        new[] { AppContext.BaseDirectory, Path.GetDirectoryName(typeof(TorchRuntime).Assembly.Location) ?? "" }.Where(folder => folder.Length > 0);

    private static IEnumerable<string> ProbedFolders() =>
        (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(ProgramFolders());
}
