using System.Diagnostics;
using System.Globalization;
using Diptych.Methods;
using Diptych.Models;
using Diptych.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Benchmarks;

/// <summary>One training step, without loader and checkpoints, beside the same step in PyTorch, and beside its convolutions alone: all in turns in one run.</summary>
internal static class StepTable
{
    private static readonly (string Encoder, int Size, int Batch, int Steps)[] Cases = [("resnet18", 32, 64, 8), ("resnet18", 32, 128, 6), ("resnet50", 224, 4, 20)];

    // A GPU is idle with less.
    private static readonly (string Encoder, int Size, int Batch, int Steps)[] DeviceCases = [("resnet18", 32, 64, 120), ("resnet18", 32, 256, 120), ("resnet50", 224, 64, 100)];

    private static readonly (string Setting, string Name)[] Rivals =
        [("nchw:float32", "PyTorch, float32, NCHW (its default)"), ("channels-last:float32", "PyTorch, float32, channels-last"), ("channels-last:bfloat16", "PyTorch, bfloat16 autocast, channels-last")];

    private const string Ceiling = "convolutions";

    public static int Run(string python, string device)
    {
        string rival = Path.Combine(Bench.FindRepository(), "bench", "rivals", "pretrain_step.py");
        int threads = Environment.ProcessorCount, rounds = device == Bench.Cpu ? 3 : 2;
        string version = "";
        var text = new List<string>();
        foreach (var (encoder, size, batch, steps) in device == Bench.Cpu ? Cases : DeviceCases)
        {
            string[] parts = [.. KnownPrecision.Names, Ceiling];
            var own = parts.ToDictionary(p => p, _ => new List<double>());
            var others = Rivals.ToDictionary(r => r, _ => new List<double>());
            int together = device == Bench.Cpu ? 1 : parts.Length; // on a GPU's machine a process takes seconds to start
            for (int round = 0; round < rounds; round++)
            {
                foreach (string[] some in parts.Chunk(together))
                {
                    string said = Bench.CaptureItself("step-once", string.Join(',', some), encoder, $"{size}", $"{batch}", $"{steps}", device);
                    foreach (var (part, rate) in some.Zip(Words(said)))
                        own[part].Add(double.Parse(rate, CultureInfo.InvariantCulture));
                }
                foreach (var some in Rivals.Chunk(together))
                {
                    string[] said = Words(Bench.Capture(python, rival, $"{batch}", $"{steps}", $"{threads}", string.Join(',', some.Select(r => r.Setting)), encoder, $"{size}", device));
                    version = said[0].Replace('_', ' ');
                    foreach (var (other, rate) in some.Zip(said[1..]))
                        others[other].Add(double.Parse(rate, CultureInfo.InvariantCulture));
                }
                Console.Error.WriteLine($"{encoder} at {size}, batch {batch}, round {round + 1} of {rounds}: {string.Join(", ", own.Select(o => (o.Key, o.Value)).Concat(others.Select(o => (o.Key.Setting, o.Value))).Select(r => $"{r.Item1} {r.Value[^1]:F1}"))} images/s");
            }
            List<double> best = own["bfloat16"], plain = own["float32"], ceiling = own[Ceiling];
            text.Add($"""

                ## {encoder} at {size} × {size}, batch {batch}: {2 * batch} views

                | program | images/s | bfloat16's ratio to it | float32's ratio to it |
                |---|---|---|---|
                | Diptych, bfloat16 | {Bench.Row(best)} | 1 | {Bench.Ratio(plain, best)} |
                | Diptych, float32 | {Bench.Row(plain)} | {Bench.Ratio(best, plain)} | 1 |
                {string.Join(Environment.NewLine, others.Select(o => $"| {o.Key.Name} | {Bench.Row(o.Value)} | {Bench.Ratio(best, o.Value)} | {Bench.Ratio(plain, o.Value)} |"))}
                | ceiling: its convolutions alone, bfloat16, forward and backward | {Bench.Row(ceiling)} | {Bench.Ratio(best, ceiling)} | |
                """);
        }
        Console.Out.WriteLine($"""
            # The training step beside PyTorch's

            SimCLR with DCL, SGD, on views made beforehand: forward, loss with its diagnostics, backward, update; no loader and no checkpoints. {(device == Bench.Cpu ? $"{threads} threads" : $"On {device}")}. Median images/s of a program's steps after the first two, then median [minimum–maximum] of {rounds} rounds in turns.{(device == Bench.Cpu ? "" : Environment.NewLine + "A Diptych step is the mean of 20 between two readings of its figures, after 40; PyTorch's loss is read after each step.")}
            Machine: {Bench.Machine}, TorchSharp {typeof(TorchSharp.torch).Assembly.GetName().Version!.ToString(3)} ({Bench.Libtorch}), PyTorch {version}.
            {Bench.Command("step", device, python)}
            """);
        text.ForEach(Console.Out.WriteLine);
        return 0;
    }

    /// <summary>Prints images/s of each of the parts, by commas.</summary>
    public static int RunOnce(string parts, string encoder, int size, int batch, int steps, string device)
    {
        if (device == Bench.Cpu)
            NativeHeap.KeepFreed(new EncoderSettings { Name = encoder, Stem = EncoderSettings.StemFor(size) }.LargestActivation(2 * batch, size, parts.Contains("float32", StringComparison.Ordinal) ? 4 : 2));
        set_num_threads(Environment.ProcessorCount);
        Device place = KnownDevice.Named(device);
        foreach (string part in parts.Split(','))
        {
            double[] seconds = part == Ceiling ? Convolutions(encoder, size, 2 * batch, steps, place) : Steps(part, encoder, size, batch, steps, place);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{batch / Bench.Median(seconds.Skip(2)):F3}"));
        }
        return 0;
    }

    private static string[] Words(string said) => said.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static double[] Steps(string precision, string encoder, int size, int batch, int steps, Device device)
    {
        var options = new PretrainOptions { Encoder = encoder, Precision = precision, Batch = batch, ImageSize = size };
        using IMethod method = options.CreateMethod(options.CreateEncoder(), 50_000);
        foreach (var (_, module) in method.Networks)
            module.to(device).train();
        using Optimizer optimizer = KnownOptimizer.Named("sgd").Create(method, options);
        using Tensor views = ChannelsLast.Of(randn(2 * batch, 3, size, size, device: device));
        var placement = Placement.On(device);
        var step = new TrainingStep(method, optimizer, options, placement.IsAsynchronous);
        using var pending = new PendingSteps(placement); // read as pretrain reads them
        int[] images = [.. Enumerable.Range(0, batch)];
        return [.. Timed(steps / placement.ReadEvery, () =>
        {
            do
            {
                step.Add(views, images, options.CreateLoss(), null);
                pending.Add(step.FinishLater(0.01), step: 0, epoch: 0, options.Temperature);
            }
            while (!pending.AreDue);
            pending.Read(out _);
        }).Select(seconds => seconds / placement.ReadEvery)];
    }

    // Every convolution of the network with its own input, one after the other; inputs ask for gradients as they do inside it.
    private static double[] Convolutions(string encoder, int size, int views, int steps, Device device)
    {
        var layers = Shapes(encoder, size).Select(s => (
            Input: ChannelsLast.Of(randn(views, s.Input, s.Side, s.Side, dtype: ScalarType.BFloat16, device: device)).requires_grad_(s.Input > 3),
            Weight: ChannelsLast.Of(randn(s.Output, s.Input, s.Kernel, s.Kernel, dtype: ScalarType.BFloat16, device: device)).requires_grad_(),
            s.Stride, Padding: s.Kernel / 2)).ToArray();
        Tensor[] slopes = [.. layers.Select(l => { using (no_grad()) return Convolution.InBfloat16(l.Input, l.Weight, l.Stride, l.Padding); })];
        return Timed(steps, () =>
        {
            foreach (var (i, l) in layers.Index())
            {
                using var scope = NewDisposeScope();
                autograd.grad([Convolution.InBfloat16(l.Input, l.Weight, l.Stride, l.Padding)], l.Input.requires_grad ? [l.Input, l.Weight] : [l.Weight], [slopes[i]]);
            }
            slopes[0].flatten()[0].to(ScalarType.Float32).item<float>(); // waits for a device
        });
    }

    // As ResNet builds them.
    private static IEnumerable<(int Input, int Output, int Kernel, int Stride, int Side)> Shapes(string encoder, int size)
    {
        KnownEncoder shape = KnownEncoder.Named(encoder);
        bool isSmall = EncoderSettings.StemFor(size) == EncoderStem.Small;
        yield return (3, 64, isSmall ? 3 : 7, isSmall ? 1 : 2, size);
        int channels = 64, side = isSmall ? size : size / 4, expansion = shape.HasBottlenecks ? 4 : 1;
        for (int stage = 0; stage < 4; stage++)
        {
            int inside = 64 << stage, output = inside * expansion;
            for (int block = 0; block < shape.Blocks[stage]; block++)
            {
                int stride = block == 0 && stage > 0 ? 2 : 1;
                if (shape.HasBottlenecks)
                {
                    yield return (channels, inside, 1, 1, side);
                    yield return (inside, inside, 3, stride, side);
                    yield return (inside, output, 1, 1, side / stride);
                }
                else
                {
                    yield return (channels, inside, 3, stride, side);
                    yield return (inside, inside, 3, 1, side / stride);
                }
                if (stride != 1 || channels != output)
                    yield return (channels, output, 1, stride, side);
                (channels, side) = (output, side / stride);
            }
        }
    }

    private static double[] Timed(int count, Action action) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    })];
}
