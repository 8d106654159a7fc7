using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Diptych;

/// <summary>Which native files to load, in which order, and what to say when one does not.</summary>
/// <param name="Folder">The folder that holds libtorch.</param>
/// <param name="TorchSharp">Path of TorchSharp's own native library.</param>
/// <param name="IsChosenByUser">Whether <see cref="Variable"/> named the folder.</param>
internal sealed record TorchFiles(string Folder, string TorchSharp, bool IsChosenByUser)
{
    /// <summary>The environment variable that names a libtorch folder.</summary>
    public const string Variable = "DIPTYCH_LIBTORCH";

    private static readonly string Core = NameOf("torch_cpu");
    private static readonly string[] LoadOrder = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];
    private static readonly string[] NearbyFolders = ["lib", "torch/lib"];
    private static readonly string[] VersionFiles = ["build-version", "../build-version", "../version.py"];

    /// <summary>Full paths, dependencies first; CUDA's only where the folder has them.</summary>
    public IEnumerable<string> InLoadOrder =>
        LoadOrder.Select(name => Path.Combine(Folder, NameOf(name)))
            .Where(path => !Path.GetFileName(path).Contains("_cuda", StringComparison.Ordinal) || File.Exists(path))
            .Append(TorchSharp);

    /// <summary>The platform's file name of a library: <c>torch</c> → <c>libtorch.so</c>, <c>libtorch.dylib</c>, <c>torch.dll</c>.</summary>
    public static string NameOf(string library) =>
        OperatingSystem.IsWindows() ? library + ".dll" : $"lib{library}.{(OperatingSystem.IsMacOS() ? "dylib" : "so")}";

    /// <param name="chosen">The value of <see cref="Variable"/>; null or empty when unset.</param>
    /// <param name="programFolders">Where <c>libtorch/</c> may lie.</param>
    /// <param name="probedFolders">Where .NET looks for native libraries: TorchSharp's is there.</param>
    /// <exception cref="TorchLoadException">A file is missing, or two libtorchs would meet in this process.</exception>
    public static TorchFiles Find(string? chosen, IEnumerable<string> programFolders, IEnumerable<string> probedFolders)
    {
        string[] own = programFolders.Select(folder => Path.Combine(folder, "libtorch")).Distinct().ToArray();
        string[] probed = probedFolders.Select(Path.TrimEndingDirectorySeparator).Distinct().ToArray();
        string? probedTorch = probed.FirstOrDefault(HoldsTorch);

        string torchSharp = probed.Select(folder => Path.Combine(folder, NameOf("LibTorchSharp"))).FirstOrDefault(File.Exists)
            ?? throw new TorchLoadException(Lines(
                $"TorchSharp's native library {NameOf("LibTorchSharp")} for {RuntimeInformation.RuntimeIdentifier} was not found.",
                $"Looked in: {string.Join(", ", probed)}.",
                "Copy the whole build output or publish folder; TorchSharp has it for linux-x64, win-x64, win-arm64 and osx-arm64."));

        if (!string.IsNullOrEmpty(chosen))
            return new(CheckChosen(Path.GetFullPath(chosen), probedTorch), torchSharp, IsChosenByUser: true);

        // One that .NET finds by itself comes first: TorchSharp would load it as a second one.
        string folder = probedTorch ?? own.FirstOrDefault(HoldsTorch) ?? throw new TorchLoadException(Lines(
            $"libtorch was not found: no {Core}.",
            $"Looked in: {string.Join(", ", own.Concat(probed))}.",
            $"Build again without DiptychLibtorch=none, copy the libtorch folder along with the program, or set {Variable} to a folder that holds {Core}{WheelHint}."));
        return new(folder, torchSharp, IsChosenByUser: false);
    }

    /// <summary>Version, where the folder tells it, and folder.</summary>
    public string Describe() =>
        $"libtorch {Version() ?? "of unknown version"} in {Folder}{(IsChosenByUser ? $" ({Variable})" : "")}, {TorchSharpVersion}";

    /// <param name="file">The file that was refused.</param>
    /// <param name="said">What .NET's exception says: a line of its own, then the system's.</param>
    public string ExplainFailure(string file, string said)
    {
        string[] lines = said.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string reason = lines.Length > 1 ? lines[1] : lines[0];
        return Lines(
            $"{Path.GetFileName(file)} cannot be loaded.",
            $"Tried: {file}, with libtorch {Version() ?? "of unknown version"} from {Folder}{(IsChosenByUser ? $", which {Variable} names" : "")}.",
            $"The system says: {reason}",
            Advice(file, reason));
    }

    private const string WheelHint = " (in a Python wheel: torch/lib)";

    private static string TorchSharpVersion =>
        "TorchSharp " + (typeof(torch).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "of unknown version");

    private static bool HoldsTorch(string folder) => File.Exists(Path.Combine(folder, Core));

    private static string CheckChosen(string folder, string? probedTorch)
    {
        if (!Directory.Exists(folder))
            throw new TorchLoadException(Lines($"{Variable} names '{folder}', which is not a folder.", ChooseOrUnset));
        if (!HoldsTorch(folder))
        {
            string? near = NearbyFolders.Select(inner => Path.Combine(folder, inner)).FirstOrDefault(HoldsTorch);
            throw new TorchLoadException(Lines(
                $"{Variable} names '{folder}', which holds no {Core}.{(near is null ? "" : $" Did you mean '{near}'?")}", ChooseOrUnset));
        }
        if (probedTorch is not null && Path.GetFullPath(probedTorch) != Path.TrimEndingDirectorySeparator(folder))
            throw new TorchLoadException(Lines(
                $"{Variable} names '{folder}', but this program also carries libtorch in '{probedTorch}', and one process cannot hold two.",
                $"Unset {Variable}, or build without the TorchSharp-cpu, TorchSharp-cuda or libtorch packages."));
        return folder;
    }

    private static string ChooseOrUnset => $"Set it to the folder that holds {Core}{WheelHint}, or unset it.";

    private string Advice(string file, string reason)
    {
        bool says(string part) => reason.Contains(part, StringComparison.OrdinalIgnoreCase);
        string other = IsChosenByUser ? $"unset {Variable}" : $"set {Variable} to another libtorch";
        if (says("GLIBC") || says("CXXABI"))
            return "This system's C or C++ library is older than that: use Debian 12, Ubuntu 22.04 or newer (glibc 2.34, libstdc++ of GCC 12), or a container of one.";
        if (says("undefined symbol") || says("Symbol not found") || says("procedure could not be found"))
            return $"{TorchSharpVersion} does not fit this libtorch: {other} of the version it was built for.";
        if (says("invalid ELF") || says("wrong ELF") || says("wrong architecture") || says("incompatible architecture") || says("incorrect format") || says("file too short"))
            return $"The file is damaged or not for this process ({RuntimeInformation.RuntimeIdentifier}): restore and build again, or {other}.";
        if (!File.Exists(file))
            return $"The folder is incomplete: restore and build again, or {other}.";
        return $"Install what the system misses, or {other}.";
    }

    private string? Version()
    {
        foreach (string file in VersionFiles)
        {
            string path = Path.Combine(Folder, file);
            string? line = File.Exists(path) ? File.ReadLines(path).FirstOrDefault(l => !file.EndsWith(".py", StringComparison.Ordinal) || l.StartsWith("__version__", StringComparison.Ordinal)) : null;
            if (line is not null)
                return line.Split('=')[^1].Trim(' ', '\'', '"');
        }
        return null;
    }

    private static string Lines(params string[] lines) => string.Join('\n', lines);
}
