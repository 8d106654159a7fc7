using System.Diagnostics;
using System.Globalization;
using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Models;
using Diptych.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Benchmarks;

/// <summary>Feature extraction, decoding and resizing included, beside bare inference in PyTorch, in turns in one run.</summary>
internal static class FeaturesTable
{
    private const int Rounds = 3, Batch = 256;

    public static int Run(string images, string python, string device)
    {
        using IImageSource source = ImageSource.Open(images);
        string rival = Path.Combine(Bench.FindRepository(), "bench", "rivals", "inference.py"), version = "";
        int threads = Environment.ProcessorCount;
        List<double> own = [], nchw = [], channelsLast = [];
        for (int round = 0; round < Rounds; round++)
        {
            own.Add(double.Parse(Bench.CaptureItself("features-once", images, device), CultureInfo.InvariantCulture));
            foreach (var (layout, rates) in new[] { ("nchw", nchw), ("channels-last", channelsLast) })
            {
                string[] said = Bench.Capture(python, rival, $"{source.Count}", $"{Batch}", $"{threads}", layout, device).Split(' ', StringSplitOptions.RemoveEmptyEntries);
                version = said[0];
                rates.Add(double.Parse(said[1], CultureInfo.InvariantCulture));
            }
            Console.Error.WriteLine($"round {round + 1} of {Rounds}: {own[^1]:F1}, {nchw[^1]:F1}, {channelsLast[^1]:F1} images/s");
        }
        Console.Out.WriteLine($"""
            # Feature extraction beside bare inference in PyTorch

            ResNet-18, width 64, 3×3 stem, 32×32, float32, batches of {Batch}, {(device == Bench.Cpu ? $"{threads} threads" : $"on {device}, {threads} threads for the images")}, {source.Count:N0} images. Diptych reads, decodes and resizes them; PyTorch finds tensors of the same shape ready in {(device == Bench.Cpu ? "memory" : "the device's memory")}. Each warms up with one pass or batch; images/s, median [minimum–maximum] of {Rounds} rounds in turns.
            Machine: {Bench.Machine}, {Bench.Libtorch}, PyTorch {version}; JPEG by {JpegDecoding.Description}.
            {Bench.Command($"features {images}", device, python)}

            | program | images/s | ratio |
            |---|---|---|
            | `FeatureExtractor`, everything included | {Bench.Row(own)} | 1 |
            | PyTorch, bare inference, NCHW (its default) | {Bench.Row(nchw)} | {Bench.Ratio(own, nchw)} |
            | PyTorch, bare inference, channels-last | {Bench.Row(channelsLast)} | {Bench.Ratio(own, channelsLast)} |

            Ratio: diptych's images/s over the row's, median [minimum–maximum] over the rounds.
            """);
        return 0;
    }

    /// <summary>Images a second of one pass, after one to warm up.</summary>
    public static int RunOnce(string images, string device)
    {
        TorchRuntime.Load();
        set_num_threads(Environment.ProcessorCount);
        using IImageSource source = ImageSource.Open(images);
        using ResNet encoder = new ResNet(new EncoderSettings { Width = 64 }).to(KnownDevice.Named(device));
        ViewRecipe recipe = ViewRecipe.Named("satellite", 32);
        FeatureExtractor.KeepMemory(encoder, recipe); // as evaluate and embed do
        FeatureExtractor.Extract(encoder, source, recipe, Batch).cpu().Dispose();
        long start = Stopwatch.GetTimestamp();
        FeatureExtractor.Extract(encoder, source, recipe, Batch).cpu().Dispose();
        Console.Out.WriteLine(FormattableString.Invariant($"{source.Count / Stopwatch.GetElapsedTime(start).TotalSeconds:F3}"));
        return 0;
    }
}
