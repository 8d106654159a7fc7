using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Diptych.Benchmarks;

/// <summary>`diptych pretrain` (loader, step, metrics, checkpoints) beside the bare training step in PyTorch, in turns in one run.</summary>
internal static class PretrainTable
{
    private const int Rounds = 5, Batch = 64, Steps = 24, WarmupSteps = 4;

    public static int Run(string images, string python)
    {
        string folder = Directory.CreateTempSubdirectory("diptych-bench-").FullName;
        string rival = Path.Combine(FindRepository(), "bench", "rivals", "pretrain_step.py");
        int threads = Environment.ProcessorCount;
        var own = new List<double>();
        var nchw = new List<double>();
        var channelsLast = new List<double>();
        string version = "";
        try
        {
            for (int round = 0; round < Rounds; round++)
            {
                own.Add(OwnRate(images, Path.Combine(folder, $"round-{round}"), threads));
                foreach (var (layout, rates) in new[] { ("nchw", nchw), ("channels-last", channelsLast) })
                {
                    string[] said = Capture(python, rival, $"{Batch}", $"{Steps}", $"{threads}", layout).Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    version = said[0];
                    rates.Add(double.Parse(said[1], CultureInfo.InvariantCulture));
                }
                Console.Error.WriteLine($"round {round + 1} of {Rounds}: {own[^1]:F1}, {nchw[^1]:F1}, {channelsLast[^1]:F1} images/s");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        Console.Out.WriteLine($"""
            # pretrain beside the bare step in PyTorch

            ResNet-18, width 64, 3×3 stem, 32×32, batch {Batch} (two views each), DCL, SGD, float32, {threads} threads. Median images/s of {Steps - WarmupSteps} steps, then median [minimum–maximum] of {Rounds} rounds in turns.
            Machine: {Processor()}, {threads} cores, {RuntimeInformation.OSDescription.Split('#')[0].Trim()}; .NET {Environment.Version}, TorchSharp {TorchSharp.torch.__version__} (libtorch), PyTorch {version}.
            Command: `dotnet run --project bench/Diptych.Benchmarks -c Release -- pretrain CIFAR10-JPEG/train`

            | program | images/s | ratio |
            |---|---|---|
            | `diptych pretrain`, everything included | {Row(own)} | 1 |
            | PyTorch, bare step, NCHW (its default) | {Row(nchw)} | {Ratio(own, nchw)} |
            | PyTorch, bare step, channels-last | {Row(channelsLast)} | {Ratio(own, channelsLast)} |

            Ratio: diptych's images/s over the row's, median [minimum–maximum] over the rounds.
            """);
        return 0;
    }

    private static double OwnRate(string images, string run, int threads)
    {
        // Two batches' worth of epochs would do; the run is ended by SIGTERM once it has made enough steps.
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Diptych.Cli.dll"), "pretrain", images, "--batch", $"{Batch}", "--width", "64", "--views", "cifar", "--epochs", "1", "--checkpoint-every", "10", "--threads", $"{threads}", "--out", run]) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> said = process.StandardError.ReadToEndAsync();
        string checkpoint = Path.Combine(run, "checkpoints", "step-00000030");
        while (!process.HasExited && !Directory.Exists(checkpoint))
            Thread.Sleep(100);
        if (!process.HasExited)
            Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();
        process.WaitForExit();
        if (process.ExitCode is not (0 or 130))
            throw new InvalidOperationException($"diptych pretrain ended with exit code {process.ExitCode}: {said.Result}");
        return Median(File.ReadLines(Path.Combine(run, "metrics.jsonl")).Skip(WarmupSteps).Take(Steps - WarmupSteps).Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("images-per-second").GetDouble();
        }));
    }

    internal static string Capture(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}.");
    }

    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    internal static string Row(List<double> rates) => string.Create(CultureInfo.InvariantCulture, $"{Median(rates):F1} [{rates.Min():F1}–{rates.Max():F1}]");

    internal static string Ratio(List<double> own, List<double> other)
    {
        double[] ratios = own.Zip(other, (a, b) => a / b).ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"{Median(ratios):F2} [{ratios.Min():F2}–{ratios.Max():F2}]");
    }

    internal static string Processor() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor"
        : RuntimeInformation.ProcessArchitecture.ToString();

    internal static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Diptych.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("Run the benchmarks from the repository.");
    }
}
