using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using Diptych.Data;
using Diptych.Training;
using Diptych.Views;

namespace Diptych.Benchmarks;

/// <summary>The loader beside torchvision on Pillow and beside libturbojpeg's bare decode, in turns in one run.</summary>
/// <remarks>Rates are images a second of CPU time of the whole process, so that other work on the machine weighs less; wall time only where two workers are compared with one.</remarks>
internal static class ViewsTable
{
    private const int Rounds = 5, Photographs = 200, Tiles = 10_000;

    // Epochs after which the runtime has compiled everything for good.
    private const int WarmUp = 8;

    private sealed record Rival(string Name, string Images, string Recipe, string Blur, int Limit, string Place, List<double> Rates);

    public static int Run(string photographTar, string tileTar, string python)
    {
        string folder = Directory.CreateTempSubdirectory("diptych-bench-").FullName;
        try
        {
            string photographs = Unpack(photographTar, Path.Combine(folder, "photographs"), Photographs);
            return Measure(photographs, Unpack(tileTar, Path.Combine(folder, "tiles"), Tiles), python);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Measure(string photographs, string tiles, string python)
    {
        NativeHeap.KeepFreed(0); // as training does
        Rival[] rivals =
        [
            new("torchvision on Pillow, Pillow's blur", photographs, "imagenet", "pillow", Photographs, "stored", []),
            new("torchvision on Pillow, torchvision's blur", photographs, "imagenet", "gaussian", Photographs, "stored", []),
            new("torchvision on Pillow", tiles, "cifar", "none", 2000, "memory", []),
        ];
        var decode = new List<double>();
        var skiaPillow = new List<double>();
        var skiaGaussian = new List<double>();
        var pillow = new List<double>();
        var gaussian = new List<double>();
        var small = new List<double>();
        var second = new List<double>();
        var secondNormalized = new List<double>();
        string versions = "";

        using IImageSource photographSource = ImageSource.Open(photographs), tileSource = ImageSource.Open(tiles);
        byte[][] files = [.. Directory.GetFiles(photographs).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        ViewRecipe imagenet = ViewRecipe.Named("imagenet"), cifar = ViewRecipe.Named("cifar");
        using var pillowLoader = new ViewLoader(photographSource, imagenet with { BlurKind = BlurKind.Pillow }, Options(0));
        using var gaussianLoader = new ViewLoader(photographSource, imagenet with { BlurKind = BlurKind.Gaussian }, Options(0));
        using var smallLoader = new ViewLoader(tileSource, cifar, Options(1L << 30));
        using var twoWorkers = new ViewLoader(tileSource, cifar, Options(1L << 30) with { Workers = 2 });
        int[] all = [.. Enumerable.Range(0, photographSource.Count)], many = [.. Enumerable.Range(0, tileSource.Count)];

        for (int round = -1; round < Rounds; round++)
        {
            // Round −1 warms up: the compiler, the decoded tiles, the disk's cache.
            if (round < 0)
            {
                OwnRate(pillowLoader, all, WarmUp);
                OwnRate(gaussianLoader, all, WarmUp);
            }
            double bare = Bare(files), withPillow = OwnRate(pillowLoader, all, 2).Cpu, withGaussian = OwnRate(gaussianLoader, all, 2).Cpu;
            (double cpu, double wall) = OwnRate(smallLoader, many, 10);
            double wallOfTwo = OwnRate(twoWorkers, many, 10).Wall;
            double bytes = OwnRate(smallLoader, many, 10, normalizes: false).Wall, bytesOfTwo = OwnRate(twoWorkers, many, 10, normalizes: false).Wall;
            if (round < 0)
                continue;
            decode.Add(bare);
            string[] bySkia = CaptureWithoutTurboJpeg(photographs).Split(';');
            skiaPillow.Add(double.Parse(bySkia[0], CultureInfo.InvariantCulture));
            skiaGaussian.Add(double.Parse(bySkia[1], CultureInfo.InvariantCulture));
            pillow.Add(withPillow);
            gaussian.Add(withGaussian);
            small.Add(cpu);
            second.Add(bytesOfTwo / bytes);
            secondNormalized.Add(wallOfTwo / wall);
            foreach (Rival rival in rivals)
            {
                string[] said = Bench.Capture(python, Path.Combine(Bench.FindRepository(), "bench", "rivals", "views.py"), rival.Images, rival.Recipe, rival.Blur, $"{rival.Limit}", rival.Place).Split(';');
                versions = said[0];
                rival.Rates.Add(double.Parse(said[1], CultureInfo.InvariantCulture));
            }
            Console.Error.WriteLine($"round {round + 1} of {Rounds}: {bare:F0}, {withPillow:F0}, {withGaussian:F0}, {cpu:F0}; {string.Join(", ", rivals.Select(r => r.Rates[^1].ToString("F0", CultureInfo.InvariantCulture)))}; two workers {bytesOfTwo / bytes:F2}, {wallOfTwo / wall:F2}");
        }

        Console.Out.WriteLine($"""
            # Views beside torchvision and libturbojpeg

            Two full views of every image: decode, crop, resize, flip, jitter, grayscale, blur, normalize to float32. One worker thread. Images per second of the whole process's CPU time (not wall time: other programs may run beside); median [minimum–maximum] of {Rounds} rounds in turns.
            Machine: {Bench.Machine}, SkiaSharp {typeof(SkiaSharp.SKCodec).Assembly.GetName().Version?.ToString(3)}, libturbojpeg 2.1.5 (Debian); {versions}.
            {Bench.Command("views flowers200.tar cifar10-jpeg-q75.tar.gz")}

            ## Photographs: 200 JPEG files of about 500 × 375 pixels, recipe `imagenet` (224 pixels)

            | program | images/s | of libturbojpeg's bare decode | times torchvision with the same blur |
            |---|---|---|---|
            | libturbojpeg, decoding alone | {Bench.Row(decode)} | 1 | |
            | `diptych` by {JpegDecoding.Description}, Pillow's blur | {Beside(pillow, decode, rivals[0].Rates)} |
            | `diptych` by {JpegDecoding.Description}, torchvision's blur | {Beside(gaussian, decode, rivals[1].Rates)} |
            | `diptych` by SkiaSharp, Pillow's blur | {Beside(skiaPillow, decode, rivals[0].Rates)} |
            | `diptych` by SkiaSharp, torchvision's blur | {Beside(skiaGaussian, decode, rivals[1].Rates)} |
            | {rivals[0].Name} | {Beside(rivals[0].Rates, decode, rivals[0].Rates)} |
            | {rivals[1].Name} | {Beside(rivals[1].Rates, decode, rivals[1].Rates)} |

            ## Tiles: 32 × 32 pixels held decoded in memory, recipe `cifar`

            | program | images/s | `diptych` is |
            |---|---|---|
            | `diptych` | {Bench.Row(small)} | 1 |
            | {rivals[2].Name} | {Bench.Row(rivals[2].Rates)} | {Bench.Ratio(small, rivals[2].Rates)} |

            Two workers beside one, tiles, wall time: {Bench.Ratio(second, [.. second.Select(_ => 1.0)])} as the loader gives its batches, in bytes; {Bench.Ratio(secondNormalized, [.. second.Select(_ => 1.0)])} where the reader normalizes each batch on a core that a worker has.
            """);
        return 0;
    }

    private static string Beside(List<double> rates, List<double> decode, List<double> rival) =>
        $"{Bench.Row(rates)} | {Bench.Ratio(rates, decode)} | {Bench.Ratio(rates, rival)}";

    private static ViewLoaderOptions Options(long keepDecoded) => new() { BatchSize = 100, KeepDecoded = keepDecoded, DropLast = false };

    private static (double Cpu, double Wall) OwnRate(ViewLoader loader, int[] order, int epochs, bool normalizes = true)
    {
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        int images = 0;
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            foreach (ViewBatch batch in loader.ReadEpoch(epoch, order))
            {
                images += batch.Count;
                if (!normalizes)
                    continue;
                using TorchSharp.torch.Tensor views = ViewTensor.From(batch, TorchSharp.torch.CPU); // as the rivals' are
            }
        }
        double wall = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (images / (Environment.CpuUsage.TotalTime - cpu).TotalSeconds, images / wall);
    }

    private static double Bare(byte[][] files)
    {
        using var turbo = new TurboJpeg();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        foreach (byte[] file in files)
            turbo.Decode(file);
        return files.Length / (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
    }

    /// <summary>Prints the rates of both blurs over photographs, decoded as this process decodes.</summary>
    public static int RunOnce(string photographs)
    {
        NativeHeap.KeepFreed(0);
        using IImageSource source = ImageSource.Open(photographs);
        int[] all = [.. Enumerable.Range(0, source.Count)];
        double[] rates = [.. new[] { BlurKind.Pillow, BlurKind.Gaussian }.Select(blur =>
        {
            using var loader = new ViewLoader(source, ViewRecipe.Named("imagenet") with { BlurKind = blur }, Options(0));
            _ = OwnRate(loader, all, WarmUp);
            return OwnRate(loader, all, 2).Cpu;
        })];
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rates[0]:F2};{rates[1]:F2}"));
        return 0;
    }

    // The library chooses its decoder once a process.
    private static string CaptureWithoutTurboJpeg(string photographs)
    {
        ProcessStartInfo start = Bench.Itself("views-once", photographs);
        start.Environment[JpegDecoding.Variable] = JpegDecoding.None;
        return Bench.Capture(start);
    }

    // The first images of a tar as files in a folder of their own, so that everyone reads the same ones in the same way.
    private static string Unpack(string tarPath, string folder, int limit)
    {
        Directory.CreateDirectory(folder);
        using Stream file = File.OpenRead(tarPath), plain = tarPath.EndsWith("gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var tar = new TarReader(plain);
        for (int count = 0; count < limit && tar.GetNextEntry() is { } entry;)
        {
            if (entry.DataStream is not null && entry.Name.EndsWith(".jpg", StringComparison.Ordinal))
                entry.ExtractToFile(Path.Combine(folder, $"{count++:D5}.jpg"), overwrite: false);
        }
        return folder;
    }
}
