using System.Diagnostics;
using System.Globalization;
using Diptych.Checkpoints;
using Diptych.Methods;
using Diptych.Training;
using static TorchSharp.torch;

namespace Diptych.Benchmarks;

/// <summary>Writing and reading the whole state of a run, beside as many plain bytes and beside PyTorch's own files of the same tensors, in turns in one run.</summary>
internal static class CheckpointTable
{
    private const int Rounds = 7, Chunk = 1 << 20;

    private static readonly string[] Programs =
        ["Diptych: written aside, flushed, hashed, renamed; read with its SHA-256 checked", "as many plain bytes: written and flushed; read", "PyTorch: `torch.save`, flushed, renamed; `torch.load`"];

    public static int Run(string python)
    {
        string rival = Path.Combine(Bench.FindRepository(), "bench", "rivals", "checkpoint.py"), version = "";
        var lines = new List<string>();
        foreach (string encoder in new[] { "resnet18", "resnet50" })
        {
            string folder = Directory.CreateTempSubdirectory("diptych-bench-").FullName;
            try
            {
                List<double>[] write = [[], [], []], read = [[], [], []];
                long bytes = 0;
                var options = new PretrainOptions { Encoder = encoder, ImageSize = encoder == "resnet50" ? 224 : 32 };
                using IMethod method = options.CreateMethod(options.CreateEncoder(), 50_000);
                using Optimizer optimizer = KnownOptimizer.Named("sgd").Create(method, options);
                var checkpoints = new CheckpointFolder(Path.Combine(folder, "checkpoints"));
                for (int round = 0; round < Rounds; round++)
                {
                    string written = "";
                    write[0].Add(Timed(() => written = checkpoints.Write(round + 1, method.Networks.SelectMany(n => n.Module.state_dict().Select(t => ($"{n.Name}.{t.Key}", t.Value))).Concat(optimizer.State()), keep: 1)));
                    read[0].Add(Timed(() =>
                    {
                        using var scope = NewDisposeScope();
                        _ = checkpoints.ReadNewest([]) ?? throw new InvalidOperationException("The checkpoint is not whole.");
                    }));
                    string state = Path.Combine(written, "state.safetensors"), plain = Path.Combine(folder, "plain");
                    bytes = new FileInfo(state).Length;
                    byte[] memory = GC.AllocateUninitializedArray<byte>((int)bytes);
                    write[1].Add(Timed(() => WritePlain(plain, bytes)));
                    read[1].Add(Timed(() =>
                    {
                        using FileStream file = new(plain, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
                        file.ReadExactly(memory);
                    }));
                    string[] said = Bench.Capture(python, rival, state, folder).Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    version = said[0];
                    write[2].Add(double.Parse(said[1], CultureInfo.InvariantCulture));
                    read[2].Add(double.Parse(said[2], CultureInfo.InvariantCulture));
                    Console.Error.WriteLine($"{encoder}, round {round + 1} of {Rounds}");
                }
                lines.Add($"""

                    ## {encoder}: {bytes / 1e6:F0} MB

                    | | write, s | Diptych's time over it | read, s | Diptych's time over it |
                    |---|---|---|---|---|
                    {string.Join(Environment.NewLine, Programs.Select((name, i) => $"| {name} | {Bench.Row(write[i], 3)} | {(i == 0 ? "1" : Bench.Ratio(write[0], write[i]))} | {Bench.Row(read[i], 3)} | {(i == 0 ? "1" : Bench.Ratio(read[0], read[i]))} |"))}
                    """);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        Console.Out.WriteLine($"""
            # Checkpoints

            The whole state of a SimCLR run: networks, batch-norm statistics, SGD's momentum. Seconds, median [minimum–maximum] of {Rounds} rounds in turns; files are read from the system's cache.
            Machine: {Bench.Machine}, {Bench.Libtorch}, PyTorch {version}.
            {Bench.Command("checkpoint")}
            """);
        lines.ForEach(Console.Out.WriteLine);
        return 0;
    }

    private static void WritePlain(string path, long bytes)
    {
        byte[] chunk = new byte[Chunk];
        Random.Shared.NextBytes(chunk);
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (long left = bytes; left > 0; left -= Chunk)
            file.Write(chunk, 0, (int)Math.Min(left, Chunk));
        file.Flush(flushToDisk: true);
    }

    private static double Timed(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
