using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using Diptych.Data;
using Diptych.Views;

namespace Diptych.Benchmarks;

/// <summary>One view with one operation after crop and resize, for every operation: what each costs is the difference from "crop".</summary>
public class ViewKernels
{
    private static readonly Dictionary<string, Func<ViewDraw, ViewDraw>> Operations = new()
    {
        ["crop"] = d => d,
        ["flip"] = d => d with { IsFlippedHorizontally = true },
        ["turn"] = d => d with { QuarterTurns = 1 },
        ["brightness"] = d => d with { Jitter = [new(JitterKind.Brightness, 1.3)] },
        ["contrast"] = d => d with { Jitter = [new(JitterKind.Contrast, 1.3)] },
        ["saturation"] = d => d with { Jitter = [new(JitterKind.Saturation, 1.3)] },
        ["hue"] = d => d with { Jitter = [new(JitterKind.Hue, 0.07)] },
        ["grayscale"] = d => d with { IsGrayscale = true },
        ["solarize"] = d => d with { SolarizeThreshold = 128 },
        ["blur, Gaussian"] = d => d with { BlurSigma = 1 },
        ["blur, Pillow"] = d => d with { BlurSigma = 1 },
    };

    private readonly ViewRenderer _renderer = new();
    private readonly ImageBuffer _image = new();
    private ViewRecipe _recipe = ViewRecipe.Named("imagenet");
    private ViewDraw _draw = new() { Crop = default };
    private byte[] _view = [];

    /// <summary>Side of the view; the image's are 500 × 375 and 32 × 32.</summary>
    [Params(32, 224)]
    public int Size { get; set; }

    /// <summary>Which one.</summary>
    [ParamsSource(nameof(Names))]
    public string Operation { get; set; } = "";

    /// <summary>All of them.</summary>
    public static IEnumerable<string> Names => Operations.Keys;

    /// <summary>Makes image and draw.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        (int width, int height) = Size == 32 ? (32, 32) : (500, 375);
        _image.Resize(width, height);
        new Random(1).NextBytes(_image.Pixels);
        _recipe = _recipe with { Size = Size, BlurKind = Operation == "blur, Gaussian" ? BlurKind.Gaussian : BlurKind.Pillow };
        _draw = Operations[Operation](new ViewDraw { Crop = new ImageRegion(width / 10, height / 10, width * 3 / 4, height * 3 / 4) });
        _view = new byte[Size * Size * 4];
    }

    /// <summary>Makes the view.</summary>
    [Benchmark]
    public void Render() => _renderer.Render(_image, _draw, _recipe, _view);

    /// <summary>Prints the table.</summary>
    public static int Run()
    {
        ManualConfig config = ManualConfig.CreateEmpty().AddJob(Job.ShortRun.WithToolchain(new InProcessNoEmitToolchain(new()))).AddColumnProvider(DefaultConfig.Instance.GetColumnProviders().ToArray())
            .AddLogger(ConsoleLogger.Default).AddExporter(MarkdownExporter.GitHub).WithArtifactsPath(Path.Combine(Bench.FindRepository(), "artifacts", "kernels"));
        BenchmarkRunner.Run<ViewKernels>(config);
        return 0;
    }
}
