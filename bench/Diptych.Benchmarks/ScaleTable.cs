using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;
using System.Text.Json;

namespace Diptych.Benchmarks;

/// <summary>Whole runs of `diptych pretrain` with ever larger batches, and with ever more images: rate and memory.</summary>
internal static class ScaleTable
{
    private const int ImagesOfBatches = 10_000, BatchOfImages = 128, WarmupSteps = 5;

    private static readonly int[] Batches = [32, 64, 128, 256, 512, 1024], Counts = [1_000, 10_000, 50_000, 200_000];
    private static readonly string[] Settings = ["--views", "satellite", "--encoder", "resnet10", "--width", "16", "--image-size", "16", "--epochs", "1", "--warmup-epochs", "0"];

    /// <param name="tiles">A tar of images, repeated as often as needed.</param>
    public static int Run(string tiles)
    {
        string folder = Directory.CreateTempSubdirectory("diptych-bench-").FullName;
        var text = new List<string>();
        try
        {
            var (names, images) = Read(tiles);
            void Add(int count, int batch)
            {
                string set = Path.Combine(folder, $"{count}.tar");
                if (!File.Exists(set))
                    Repeat(names, images, count, set);
                var (rate, seconds, memory) = Measure(set, batch, Path.Combine(folder, $"run-{text.Count}"));
                text.Add(string.Create(CultureInfo.InvariantCulture, $"| {count:N0} | {batch:N0} | {rate:N0} | {seconds:F1} | {memory:N0} |"));
                Console.Error.WriteLine(text[^1]);
            }
            foreach (int batch in Batches)
                Add(ImagesOfBatches, batch);
            foreach (int count in Counts)
                Add(count, BatchOfImages);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        Console.Out.WriteLine($"""
            # Rate and memory against batch and number of images

            Whole runs of `diptych pretrain`, one epoch of 64 × 64 JPEG tiles in a tar file (those of the sample, repeated): {string.Join(' ', Settings)}; DCL, float32, {Environment.ProcessorCount} threads. Images/s from step {WarmupSteps + 1} on; seconds and greatest resident memory of the whole process. One run each.
            Machine: {Bench.Machine}, TorchSharp {typeof(TorchSharp.torch).Assembly.GetName().Version!.ToString(3)} ({Bench.Libtorch}).
            {Bench.Command("scale samples/eurosat/train.tar")}

            | images | batch | images/s | seconds | MiB |
            |---|---|---|---|---|
            """);
        text.ForEach(Console.Out.WriteLine);
        return 0;
    }

    private static (double Rate, double Seconds, double Memory) Measure(string images, int batch, string run)
    {
        long start = Stopwatch.GetTimestamp();
        ProcessStartInfo tool = Bench.Tool(["pretrain", images, "--batch", $"{batch}", .. Settings, "--out", run]);
        tool.RedirectStandardError = true;
        using Process process = Process.Start(tool)!;
        Task<string> said = process.StandardError.ReadToEndAsync();
        double memory = 0;
        do
            memory = Math.Max(memory, GreatestMemory(process.Id));
        while (!process.WaitForExit(100));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"diptych pretrain ended with exit code {process.ExitCode}: {said.Result}");
        double[] rates = [.. File.ReadLines(Path.Combine(run, "metrics.jsonl")).Skip(WarmupSteps).Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("images-per-second").GetDouble();
        })];
        return (rates.Length / rates.Sum(r => 1 / r), seconds, memory);
    }

    // MiB, as Linux counts it; 0 where the process is gone or the system another.
    private static double GreatestMemory(int process)
    {
        try
        {
            string line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static (List<string> Names, List<byte[]> Images) Read(string tar)
    {
        var (names, images) = (new List<string>(), new List<byte[]>());
        using var reader = new TarReader(File.OpenRead(tar));
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry.DataStream is not { } data)
                continue;
            byte[] bytes = new byte[entry.Length];
            data.ReadExactly(bytes);
            names.Add(entry.Name);
            images.Add(bytes);
        }
        return (names, images);
    }

    private static void Repeat(List<string> names, List<byte[]> images, int count, string tar)
    {
        using var writer = new TarWriter(File.Create(tar), TarEntryFormat.Ustar);
        for (int i = 0; i < count; i++)
        {
            int image = (int)((long)i * 7919 % images.Count); // all classes, whatever the count
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"{Path.GetDirectoryName(names[image])}/{i}.jpg") { DataStream = new MemoryStream(images[image]) });
        }
    }
}
