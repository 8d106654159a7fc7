using System.Globalization;
using Diptych.Data;
using Diptych.Training;
using Diptych.Views;

namespace Diptych.Benchmarks;

/// <summary>The loader over packed files beside the original images: one worker, two views of 224, in turns in one run.</summary>
internal static class PackTable
{
    private const int Warm = 10, Rounds = 25, Size = 256;

    public static int Run(string images)
    {
        string folder = Directory.CreateTempSubdirectory("diptych-bench-").FullName;
        try
        {
            using IImageSource original = ImageSource.Open(images);
            using IImageSource jpeg = Pack(original, folder, "jpeg"), raw = Pack(original, folder, "raw");
            NativeHeap.KeepFreed(0); // as training does
            using ViewLoader originals = Load(original), jpegs = Load(jpeg), raws = Load(raw);
            (string Name, IImageSource Source, ViewLoader Loader, List<double> Rates)[] rows =
                [("original JPEG files", original, originals, []), ("packed as JPEG", jpeg, jpegs, []), ("packed raw", raw, raws, [])];
            for (int epoch = 0; epoch < Warm; epoch++)
                foreach (var row in rows)
                    Rate(row.Loader, row.Source, epoch);
            for (int round = 1; round <= Rounds; round++)
                foreach (var row in rows)
                    row.Rates.Add(Rate(row.Loader, row.Source, round));
            Print(rows, images);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IImageSource Pack(IImageSource source, string folder, string store)
    {
        string path = Path.Combine(folder, store);
        ImagePacking.Write(source, path, new PackingOptions { Size = Size, Store = store });
        return ImageSource.Open(path);
    }

    private static ViewLoader Load(IImageSource source) =>
        new(source, ViewRecipe.Named("imagenet", null), new ViewLoaderOptions { BatchSize = 20, Workers = 1, KeepDecoded = 0 });

    private static double Rate(ViewLoader loader, IImageSource source, int epoch)
    {
        int[] order = SampleOrder.ForEpoch(1, epoch, source.Count);
        TimeSpan started = Environment.CpuUsage.TotalTime; // waiting for a busy machine is not counted
        int images = 0;
        foreach (ViewBatch batch in loader.ReadEpoch(epoch, order))
        {
            using TorchSharp.torch.Tensor views = ViewTensor.From(batch, TorchSharp.torch.CPU); // normalized float32
            images += batch.Count;
        }
        return images / (Environment.CpuUsage.TotalTime - started).TotalSeconds;
    }

    private static void Print((string Name, IImageSource Source, ViewLoader Loader, List<double> Rates)[] rows, string images)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        Console.Out.WriteLine($"""
            # Packed files beside the original photographs

            `ViewLoader`, one worker, recipe `imagenet` (two views of 224, normalized to float32), nothing kept decoded; {rows[0].Source.Count} photographs, packed with the shorter side {Size}. Median images per second of CPU time [minimum–maximum] of {Rounds} epochs in turns, after {Warm} to warm up.
            Machine: {Bench.Machine}; JPEG by {JpegDecoding.Description}.
            Command: `dotnet run --project bench/Diptych.Benchmarks -c Release -- pack {images[(images.LastIndexOf(".tar", StringComparison.Ordinal) is var tar and > 0 ? images.LastIndexOf('/', tar) + 1 : 0)..]}`, with `{JpegDecoding.Variable}={JpegDecoding.None}` where JPEG is by Skia.

            | images | images/CPU s | ratio | bytes an image |
            |---|---|---|---|
            """);
        foreach (var (name, source, _, rates) in rows)
        {
            string bytes = File.Exists(source.Description) ? $"{new FileInfo(source.Description).Length / source.Count:N0}" : "–";
            Console.Out.WriteLine($"| {name} | {Bench.Row(rates, 0)} | {Bench.Ratio(rates, rows[0].Rates)} | {bytes} |");
        }
    }
}
