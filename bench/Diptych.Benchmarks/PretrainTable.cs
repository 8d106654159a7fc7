using System.Diagnostics;
using System.Globalization;
using Diptych.Training;

namespace Diptych.Benchmarks;

/// <summary>`diptych pretrain` (loader, step, metrics, checkpoints) beside its own bare training step and PyTorch's, in turns in one run.</summary>
internal static class PretrainTable
{
    private const int WarmupSteps = 3, CheckpointEvery = 10;

    // A GPU needs more to do, and both programs some seconds until they are as fast as they become.
    private const int Epochs = 8, CountedEpochs = 4;

    private static readonly string[] Precisions = ["bfloat16", "float32"];

    public static int Run(string images, string python, string device)
    {
        bool onCpu = device == Bench.Cpu;
        var (batch, steps, rounds) = onCpu ? (64, 10, 3) : (256, 800, 2);
        string folder = Directory.CreateTempSubdirectory("diptych-bench-").FullName;
        string rival = Path.Combine(Bench.FindRepository(), "bench", "rivals", "pretrain_step.py");
        int threads = Environment.ProcessorCount;
        var whole = Precisions.ToDictionary(p => p, _ => new List<double>());
        var bare = Precisions.ToDictionary(p => p, _ => new List<double>());
        var other = new List<double>();
        string version = "";
        try
        {
            for (int round = 0; round < rounds; round++)
            {
                foreach (string precision in Precisions)
                {
                    whole[precision].Add(OwnRate(images, Path.Combine(folder, $"{precision}-{round}"), precision, batch, device));
                    bare[precision].Add(double.Parse(Bench.CaptureItself("step-once", precision, "resnet18", "32", $"{batch}", $"{steps}", device), CultureInfo.InvariantCulture));
                }
                string[] said = Bench.Capture(python, rival, $"{batch}", $"{steps}", $"{threads}", "channels-last:bfloat16", "resnet18", "32", device).Split(' ', StringSplitOptions.RemoveEmptyEntries);
                version = said[0].Replace('_', ' ');
                other.Add(double.Parse(said[1], CultureInfo.InvariantCulture));
                Console.Error.WriteLine($"round {round + 1} of {rounds}: {string.Join(", ", Precisions.Select(p => $"{p} {whole[p][^1]:F1}, bare {bare[p][^1]:F1}"))}, PyTorch {other[^1]:F1} images/s");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        Console.Out.WriteLine($"""
            # pretrain beside the bare step

            ResNet-18, width 64, 3×3 stem, 32×32, batch {batch} (two views each), DCL, SGD, {(onCpu ? $"{threads} threads, shared with the loader" : $"on {device}, {threads} threads for the loader")}. `diptych pretrain` reads, decodes, draws views, steps, writes metrics, and {(onCpu
                ? $"a checkpoint every {CheckpointEvery} steps, where 500 are the default: images/s from step {WarmupSteps + 1} to {WarmupSteps + CheckpointEvery}"
                : $"checkpoints as by default: images/s of the last {CountedEpochs} of {Epochs} epochs")}, all that lies between included. The bare steps: median images/s of {(onCpu ? $"{steps - 2} steps after 2" : $"{steps} steps, without the first 40 (Diptych) or 2 (PyTorch)")}. Then median [minimum–maximum] of {rounds} rounds in turns. The bare step is that of [step.md](step.md).
            Machine: {Bench.Machine}, {Bench.Libtorch}, PyTorch {version}.
            {Bench.Command("pretrain CIFAR10-JPEG/train", device, python)}

            | program | images/s | `diptych pretrain` in the same precision over it |
            |---|---|---|
            {string.Join(Environment.NewLine, Precisions.Select(p => $"| `diptych pretrain`, {p} | {Bench.Row(whole[p])} | 1 |{Environment.NewLine}| Diptych's bare step, {p} | {Bench.Row(bare[p])} | {Bench.Ratio(whole[p], bare[p])} |"))}
            | PyTorch's bare step, bfloat16 autocast, channels-last | {Bench.Row(other)} | {Bench.Ratio(whole["bfloat16"], other)} |
            """);
        return 0;
    }

    private static double OwnRate(string images, string run, string precision, int batch, string device)
    {
        bool onCpu = device == Bench.Cpu;
        string[] length = onCpu ? ["--epochs", "1", "--checkpoint-every", $"{CheckpointEvery}"] : ["--epochs", $"{Epochs}"];
        ProcessStartInfo start = Bench.Tool(["pretrain", images, "--batch", $"{batch}", "--width", "64", "--views", "cifar", .. length, "--precision", precision, "--device", device, "--out", run]);
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> said = process.StandardError.ReadToEndAsync();
        // A CPU's run is ended by SIGTERM once a checkpoint shows that it has made enough steps.
        string checkpoint = Path.Combine(run, "checkpoints", $"step-{2 * CheckpointEvery:D8}");
        while (!process.HasExited && !(onCpu && Directory.Exists(checkpoint)))
            Thread.Sleep(100);
        if (!process.HasExited)
            Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();
        process.WaitForExit();
        if (process.ExitCode is not (0 or 130))
            throw new InvalidOperationException($"diptych pretrain ended with exit code {process.ExitCode}: {said.Result}");
        StepMetrics[] steps = [.. MetricsFile.Read(Path.Combine(run, "metrics.jsonl"))];
        StepMetrics[] counted = onCpu ? steps[WarmupSteps..(WarmupSteps + CheckpointEvery)] : steps[(steps.Length * (Epochs - CountedEpochs) / Epochs)..];
        return counted.Length / counted.Sum(step => 1 / step.ImagesPerSecond);
    }
}
