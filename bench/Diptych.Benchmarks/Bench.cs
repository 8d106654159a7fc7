using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Diptych.Benchmarks;

/// <summary>What the tables share: other processes, medians over rounds, and the words for the machine.</summary>
internal static class Bench
{
    /// <summary>What another program prints.</summary>
    public static string Capture(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}.");
    }

    /// <summary>What another process of this program prints.</summary>
    public static string CaptureItself(params string[] arguments) => Capture("dotnet", [typeof(Bench).Assembly.Location, .. arguments]);

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Median [least–greatest].</summary>
    public static string Row(List<double> rates) => string.Create(CultureInfo.InvariantCulture, $"{Median(rates):F1} [{rates.Min():F1}–{rates.Max():F1}]");

    /// <summary>Median [least–greatest] of one's rates over the other's, round by round.</summary>
    public static string Ratio(List<double> own, List<double> other)
    {
        double[] ratios = own.Zip(other, (a, b) => a / b).ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"{Median(ratios):F2} [{ratios.Min():F2}–{ratios.Max():F2}]");
    }

    /// <summary>Processor, cores, system and .NET.</summary>
    public static string Machine => $"{Processor()}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription.Split('#')[0].Trim()}; .NET {Environment.Version}";

    /// <summary>The libtorch in use, by its version: <c>libtorch 2.10.0</c>.</summary>
    public static string Libtorch
    {
        get
        {
            TorchRuntime.Load();
            return TorchRuntime.Description!.Split(" in ")[0];
        }
    }

    public static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Diptych.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("Run the benchmarks from the repository.");
    }

    private static string Processor() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor"
        : RuntimeInformation.ProcessArchitecture.ToString();
}
