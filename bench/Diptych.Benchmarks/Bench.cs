using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Diptych.Benchmarks;

/// <summary>What the tables share: other processes, medians over rounds, and the words for the machine.</summary>
internal static class Bench
{
    /// <summary>The device of tables that say nothing of one.</summary>
    public const string Cpu = "cpu";

    /// <summary>What a table says of how it was made: the program and, for another device than the CPU, what follows.</summary>
    public static string Command(string program, string device = Cpu, string python = "") =>
        $"Command: `dotnet run --project bench/Diptych.Benchmarks -c Release -- {program}{(device == Cpu ? "" : python.Length == 0 ? $" {device}" : $" {python} {device}")}`";

    /// <summary>What another program prints.</summary>
    public static string Capture(string program, params string[] arguments) => Capture(new ProcessStartInfo(program, arguments));

    /// <summary>What another process of this program prints.</summary>
    public static string CaptureItself(params string[] arguments) => Capture(Itself(arguments));

    /// <summary>How to start another process of this program.</summary>
    public static ProcessStartInfo Itself(params string[] arguments) => Environment.ProcessPath is { } program && Path.GetFileNameWithoutExtension(program) != "dotnet"
        ? new(program, arguments)
        : new("dotnet", [typeof(Bench).Assembly.Location, .. arguments]);

    /// <summary>How to start <c>diptych</c>, as built beside this program.</summary>
    public static ProcessStartInfo Tool(params string[] arguments) => Path.Combine(AppContext.BaseDirectory, "Diptych.Cli") is var tool && File.Exists(tool)
        ? new(tool, arguments)
        : new("dotnet", [$"{tool}.dll", .. arguments]);

    /// <inheritdoc cref="Capture(string, string[])"/>
    public static string Capture(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{start.FileName} {string.Join(' ', start.ArgumentList)} ended with exit code {process.ExitCode}.");
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Median [least–greatest], with so many digits behind the point.</summary>
    public static string Row(List<double> values, int digits = 1)
    {
        string[] figures = [.. new[] { Median(values), values.Min(), values.Max() }.Select(value => value.ToString($"F{digits}", CultureInfo.InvariantCulture))];
        return $"{figures[0]} [{figures[1]}–{figures[2]}]";
    }

    /// <summary>Median [least–greatest] of one's rates over the other's, round by round.</summary>
    public static string Ratio(List<double> own, List<double> other) => Row([.. own.Zip(other, (a, b) => a / b)], digits: 2);

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
