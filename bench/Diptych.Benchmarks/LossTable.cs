using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Diptych.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Benchmarks;

/// <summary>DCL forward and backward beside two forms in PyTorch: time over that of the matrix products alone, of one thread with peak memory on the CPU (Linux only), or of a device.</summary>
internal static class LossTable
{
    private const int Rounds = 3, Dimensions = 128;
    private const double Temperature = 0.1;
    private static readonly string[] Forms = ["diptych", "full-matrix", "lightly"];
    private static readonly int[] Counts = [256, 2048, 8192];

    public static int Run(string python, string device)
    {
        bool onCpu = device == Bench.Cpu;
        var cells = new Dictionary<(string Form, int Images), List<(double Seconds, double Ratio, double Peak)>>();
        string rival = Path.Combine(Bench.FindRepository(), "bench", "rivals", "loss.py"), version = "";
        for (int round = 0; round < Rounds; round++)
        {
            foreach (string form in Forms)
            {
                // The full matrix of 8,192 images takes 6 GiB.
                int[] counts = [.. Counts.Where(images => !onCpu || images < 8192 || form == "diptych" || (form == "full-matrix" && round == 0))];
                foreach (int[] some in counts.Chunk(onCpu ? 1 : counts.Length)) // resident memory is a process's; on a GPU's machine one takes seconds to start
                {
                    string list = string.Join(',', some);
                    string[] said = (form == "diptych"
                        ? Bench.CaptureItself("loss-once", list, device)
                        : Bench.Capture(python, rival, form, list, $"{Dimensions}", device)).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
                    if (form != "diptych")
                        version = said[0].Replace('_', ' ');
                    foreach (var (images, numbers) in some.Zip(said[1..].Select(text => double.Parse(text, CultureInfo.InvariantCulture)).Chunk(3)))
                    {
                        if (!cells.TryGetValue((form, images), out var cell))
                            cells[(form, images)] = cell = [];
                        cell.Add((numbers[0], numbers[0] / numbers[1], numbers[2]));
                        Console.Error.WriteLine($"round {round + 1}: {form} {images}: {1000 * numbers[0]:F2} ms, {numbers[0] / numbers[1]:F2}x{(double.IsNaN(numbers[2]) ? "" : $", {numbers[2]:F1} MiB")}");
                    }
                }
            }
        }
        string what = onCpu ? "one thread. Each cell: CPU time over" : $"on {device}. Each cell: milliseconds; then that over";
        string also = onCpu ? ", and peak resident memory above that before the call, gradients included" : "";
        string how = onCpu
            ? $"A process a cell; in each the fastest of at least three runs, memory in the first; median of {Rounds} rounds in turns (full matrix at 8,192: one round)."
            : $"The fastest of at least three runs in a process; median of {Rounds} rounds in turns.";
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            # The loss beside two forms in PyTorch

            DCL, two views, forward and backward, float32, {Dimensions} dimensions, temperature {Temperature}, {what} the time of 4(2N)²d operations at the rate of a {SgemmSize(onCpu)}³ sgemm of the same library in the same process (that is two products of the size of all similarities, and nothing else){also}.
            {how}
            Machine: {Bench.Machine}, {Bench.Libtorch}, PyTorch {version}.
            {Bench.Command("loss", device, python)}

            | N | diptych | one 2N × 2N matrix | lightly's form |{(onCpu ? " bound on diptych's memory |" : "")}
            |---|---|---|---|{(onCpu ? "---|" : "")}
            {string.Join(Environment.NewLine, Counts.Select(images => $"| {images:N0} | {string.Join(" | ", Forms.Select(form => Cell(form, images)))} |{(onCpu ? FormattableString.Invariant($" {6.0 * 2 * images * Dimensions * 4 / (1 << 20) + 4:F1} MiB |") : "")}"))}
            """));
        return 0;

        string Cell(string form, int images)
        {
            if (!cells.TryGetValue((form, images), out var cell))
                return "not run";
            double seconds = Bench.Median(cell.Select(c => c.Seconds)), ratio = Bench.Median(cell.Select(c => c.Ratio));
            return onCpu
                ? FormattableString.Invariant($"{ratio:F2}×, {Bench.Median(cell.Select(c => c.Peak)):N1} MiB")
                : FormattableString.Invariant($"{1000 * seconds:F2} ms, {ratio:F1}×");
        }
    }

    /// <summary>Version; then for each of the counts seconds of the loss, seconds of the products, peak MiB.</summary>
    public static int RunOnce(int[] counts, string device)
    {
        TorchRuntime.Load();
        set_num_threads(1);
        Device place = KnownDevice.Named(device);
        random.manual_seed(1);
        // Code is loaded and compiled by several tiles (one on a GPU); then what they freed is given back, so that it counts again.
        for (int warmup = 0; warmup < 30; warmup++)
            Step(264, place);
        GC.Collect();
        if (place.type == DeviceType.CPU)
            _ = MallocTrim(0);
        var cells = counts.Select(images => (Images: images, Cell: Cell(images, place))).ToArray();
        double rate = Enumerable.Range(0, 4).Select(_ => Product(place)).Skip(1).Min();
        Console.Out.WriteLine(string.Join(' ', cells.Select(c => FormattableString.Invariant($"{c.Cell.Seconds} {4 * Math.Pow(2.0 * c.Images, 2) * Dimensions * rate} {c.Cell.Peak}")).Prepend(__version__)));
        return 0;
    }

    // Memory is looked at on the CPU only: of a device TorchSharp tells nothing.
    private static (double Seconds, double Peak) Cell(int images, Device place)
    {
        bool onCpu = place.type == DeviceType.CPU;
        double before = 0;
        var seconds = new List<double>
        {
            Step(images, place, () =>
            {
                if (!onCpu)
                    return;
                File.WriteAllText("/proc/self/clear_refs", "5");
                before = Memory("VmRSS");
            }),
        };
        double peak = onCpu ? Memory("VmHWM") - before : double.NaN;
        int repeats = (int)Math.Clamp(2 / seconds[0], 2, 50);
        for (int i = 0; i < repeats; i++)
            seconds.Add(Step(images, place));
        return (seconds.Min(), peak);
    }

    private static double Step(int images, Device device, Action? onInputs = null)
    {
        using var scope = NewDisposeScope();
        Tensor first = randn(images, Dimensions, device: device, requires_grad: true), second = randn(images, Dimensions, device: device, requires_grad: true);
        onInputs?.Invoke();
        double start = Seconds(device);
        using LossValue value = ContrastiveLoss.Decoupled(Temperature).TwoViews(first, second);
        value.Value.backward();
        return Seconds(device) - start;
    }

    private static int SgemmSize(bool onCpu) => onCpu ? 2048 : 16384;

    /// <summary>Seconds of one multiplication and addition inside a large product.</summary>
    private static double Product(Device device)
    {
        using var scope = NewDisposeScope();
        int size = SgemmSize(device.type == DeviceType.CPU);
        Tensor left = ones(size, size, device: device), right = ones(size, size, device: device);
        double start = Seconds(device);
        mm(left, right);
        return (Seconds(device) - start) / (2 * Math.Pow(size, 3));
    }

    [DllImport("libc", EntryPoint = "malloc_trim")]
    private static extern int MallocTrim(nint pad);

    // Of the CPU, or of the clock once a device is done.
    private static double Seconds(Device device)
    {
        if (device.type == DeviceType.CPU)
            return Environment.CpuUsage.TotalTime.TotalSeconds;
        cuda.synchronize(device);
        return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
    }

    private static double Memory(string key) =>
        double.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith(key, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1], CultureInfo.InvariantCulture) / 1024;
}
