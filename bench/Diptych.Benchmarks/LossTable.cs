using System.Globalization;
using System.Runtime.InteropServices;
using Diptych.Losses;
using static TorchSharp.torch;

namespace Diptych.Benchmarks;

/// <summary>DCL forward and backward beside two forms in PyTorch: CPU time of one thread over that of the matrix products alone, and peak memory. Linux only.</summary>
internal static class LossTable
{
    private const int Rounds = 3, Dimensions = 128, SgemmSize = 2048;
    private const double Temperature = 0.1;
    private static readonly (string Form, int[] Images)[] Rows =
    [
        ("diptych", [256, 2048, 8192]), ("full-matrix", [256, 2048, 8192]), ("lightly", [256, 2048]),
    ];

    public static int Run(string python)
    {
        var cells = new Dictionary<(string Form, int Images), List<(double Ratio, double Peak)>>();
        string rival = Path.Combine(Bench.FindRepository(), "bench", "rivals", "loss.py"), version = "";
        for (int round = 0; round < Rounds; round++)
        {
            foreach ((string form, int images) in Rows.SelectMany(row => row.Images, (row, images) => (row.Form, images)))
            {
                // The full matrix of 8,192 images takes 6 GiB.
                if (images == 8192 && form != "diptych" && round > 0)
                    continue;
                string[] said = (form == "diptych"
                    ? Bench.CaptureItself("loss-once", $"{images}")
                    : Bench.Capture(python, rival, form, $"{images}", $"{Dimensions}")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
                double[] numbers = [.. said[1..].Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
                if (form != "diptych")
                    version = said[0];
                if (!cells.TryGetValue((form, images), out var cell))
                    cells[(form, images)] = cell = [];
                cell.Add((numbers[0] / numbers[1], numbers[2]));
                Console.Error.WriteLine($"round {round + 1}: {form} {images}: {numbers[0] / numbers[1]:F2}x, {numbers[2]:F1} MiB");
            }
        }
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            # The loss beside two forms in PyTorch

            DCL, two views, forward and backward, float32, {Dimensions} dimensions, temperature {Temperature}, one thread. Each cell: CPU time over the time of 4(2N)²d operations at the rate of a {SgemmSize}³ sgemm of the same library in the same process (that is two products of the size of all similarities, and nothing else), and peak resident memory above that before the call, gradients included.
            A process a cell; in each the fastest of at least three runs, memory in the first; median of {Rounds} rounds in turns (full matrix at 8,192: one round).
            Machine: {Bench.Machine}, {Bench.Libtorch}, PyTorch {version}.
            Command: `dotnet run --project bench/Diptych.Benchmarks -c Release -- loss`

            | N | diptych | one 2N × 2N matrix | lightly's form | bound on diptych's memory |
            |---|---|---|---|---|
            {string.Join(Environment.NewLine, Rows[0].Images.Select(images => $"| {images:N0} | {Cell("diptych", images)} | {Cell("full-matrix", images)} | {Cell("lightly", images)} | {6.0 * 2 * images * Dimensions * 4 / (1 << 20) + 4:F1} MiB |"))}
            """));
        return 0;

        string Cell(string form, int images) => cells.TryGetValue((form, images), out var cell)
            ? string.Create(CultureInfo.InvariantCulture, $"{Bench.Median(cell.Select(c => c.Ratio)):F2}×, {Bench.Median(cell.Select(c => c.Peak)):N1} MiB")
            : "not run";
    }

    /// <summary>One cell of ours: version, CPU seconds of the loss, CPU seconds of the products, peak MiB.</summary>
    public static int RunOnce(int images)
    {
        TorchRuntime.Load();
        set_num_threads(1);
        random.manual_seed(1);
        // Code is loaded and compiled by several tiles; then what they freed is given back, so that it counts again.
        for (int warmup = 0; warmup < 30; warmup++)
            Step(264);
        GC.Collect();
        _ = MallocTrim(0);
        double before = 0;
        var seconds = new List<double>
        {
            Step(images, () =>
            {
                File.WriteAllText("/proc/self/clear_refs", "5");
                before = Memory("VmRSS");
            }),
        };
        double peak = Memory("VmHWM") - before;
        int repeats = (int)Math.Clamp(2 / seconds[0], 2, 50);
        for (int i = 0; i < repeats; i++)
            seconds.Add(Step(images));
        double rate = Enumerable.Range(0, 4).Select(_ => Product()).Skip(1).Min();
        Console.Out.WriteLine(FormattableString.Invariant($"{__version__} {seconds.Min()} {4 * Math.Pow(2.0 * images, 2) * Dimensions * rate} {peak}"));
        return 0;
    }

    private static double Step(int images, Action? onInputs = null)
    {
        using var scope = NewDisposeScope();
        Tensor first = randn(images, Dimensions, requires_grad: true), second = randn(images, Dimensions, requires_grad: true);
        onInputs?.Invoke();
        double start = CpuSeconds();
        using LossValue value = ContrastiveLoss.Decoupled(Temperature).TwoViews(first, second);
        value.Value.backward();
        return CpuSeconds() - start;
    }

    /// <summary>CPU seconds of one multiplication and addition inside a large product.</summary>
    private static double Product()
    {
        using var scope = NewDisposeScope();
        Tensor left = ones(SgemmSize, SgemmSize), right = ones(SgemmSize, SgemmSize);
        double start = CpuSeconds();
        mm(left, right);
        return (CpuSeconds() - start) / (2 * Math.Pow(SgemmSize, 3));
    }

    [DllImport("libc", EntryPoint = "malloc_trim")]
    private static extern int MallocTrim(nint pad);

    private static double CpuSeconds() => Environment.CpuUsage.TotalTime.TotalSeconds;

    private static double Memory(string key) =>
        double.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith(key, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1], CultureInfo.InvariantCulture) / 1024;
}
