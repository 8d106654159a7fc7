using System.Diagnostics;
using Diptych.Training;

namespace Diptych.Benchmarks;

/// <summary>What a user waits for: whole processes, from their start to help, to libtorch, to the first step on the sample.</summary>
internal static class StartupTable
{
    private const int Rounds = 5;

    private static readonly (string What, string[] Arguments)[] Runs =
    [
        ("`pretrain samples/eurosat/train.tar --recipe small-machine`: ResNet-10 of width 16, batch 64, `auto`", ["--recipe", "small-machine"]),
        ("`pretrain samples/eurosat/train.tar`: ResNet-18 of width 64, batch 128", []),
        ("the same with `--precision auto`, which measures first", ["--precision", "auto"]),
    ];

    public static int Run(string? published, string python)
    {
        string built = Path.Combine(AppContext.BaseDirectory, "Diptych.Cli.dll"), sample = Path.Combine(AppContext.BaseDirectory, "samples", "eurosat", "train.tar");
        string folder = Directory.CreateTempSubdirectory("diptych-bench-").FullName;
        var tools = new List<(string Name, string[] Command)> { ("build, `dotnet Diptych.Cli.dll`", ["dotnet", built]) };
        if (published is not null)
            tools.Add(("self-contained publish", [Path.GetFullPath(published)]));
        var help = tools.ConvertAll(_ => new List<double>());
        var version = tools.ConvertAll(_ => new List<double>());
        var begun = tools.ConvertAll(_ => Runs.Select(_ => new List<double>()).ToArray());
        var done = tools.ConvertAll(_ => Runs.Select(_ => new List<double>()).ToArray());
        var rival = new List<double>();
        try
        {
            for (int round = 0; round <= Rounds; round++)
            {
                bool counts = round > 0; // the first fills the system's cache of files
                foreach (var (t, tool) in tools.Index())
                {
                    Add(help[t], Whole([.. tool.Command, "--help"]));
                    Add(version[t], Whole([.. tool.Command, "--version"]));
                    foreach (var (r, run) in Runs.Index())
                    {
                        string path = Path.Combine(folder, $"{round}-{t}-{r}");
                        (double begin, double end) = FirstStep([.. tool.Command, "pretrain", sample, .. run.Arguments, "--out", path], path);
                        Add(begun[t][r], begin);
                        Add(done[t][r], end);
                    }
                }
                Add(rival, Whole([python, "-c", "import torch; print(torch.ones(2).sum())"]));
                Console.Error.WriteLine($"round {round} of {Rounds}");

                void Add(List<double> times, double seconds)
                {
                    if (counts)
                        times.Add(seconds);
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        Console.Out.WriteLine($"""
            # Start-up

            Seconds from the start of the process, files in the system's cache: median [minimum–maximum] of {Rounds} rounds in turns. A first step is begun when its views are asked for, and done when its line is shown; before it every image of the sample (5,000) was looked at once.
            Machine: {Bench.Machine}, {Bench.Libtorch}, PyTorch {Bench.Capture(python, "-c", "import torch; print(torch.__version__)").Trim()}.
            Command: `dotnet publish src/Diptych.Cli -p:PublishProfile=SelfContained`, then `dotnet run --project bench/Diptych.Benchmarks -c Release -- startup artifacts/publish/diptych-linux-x64/diptych`

            | what | {string.Join(" | ", tools.Select(t => t.Name))} |
            |---|{string.Concat(tools.Select(_ => "---|"))}
            | `--help`: no libtorch | {Row(help)} |
            | `--version`: loads libtorch and adds 1 and 1 | {Row(version)} |
            | `python3 -c "import torch; print(torch.ones(2).sum())"` | {Bench.Row(rival, 2)} {string.Concat(tools.Skip(1).Select(_ => "| "))}|
            """);
        foreach (var (r, run) in Runs.Index())
        {
            Console.Out.WriteLine($"| {run.What}: first step begun | {Row(begun.ConvertAll(b => b[r]))} |");
            Console.Out.WriteLine($"| … first step done | {Row(done.ConvertAll(d => d[r]))} |");
        }
        return 0;
    }

    private static double Whole(string[] command)
    {
        long start = Stopwatch.GetTimestamp();
        Bench.Capture(command[0], command[1..]);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static (double Begun, double Done) FirstStep(string[] command, string run)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true })!;
        string? line;
        while ((line = process.StandardError.ReadLine()) is not null && !line.StartsWith("step 1/", StringComparison.Ordinal))
        {
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (line is null)
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with exit code {process.ExitCode} before its first step.");
        StepMetrics first = MetricsFile.Read(Path.Combine(run, "metrics.jsonl")).First();
        return (seconds - RunFolder.Open(run).ReadOptions().Batch / first.ImagesPerSecond, seconds);
    }

    private static string Row(List<List<double>> times) => string.Join(" | ", times.Select(seconds => Bench.Row(seconds, 2)));
}
