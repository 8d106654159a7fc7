using System.Diagnostics;
using System.Globalization;
using Diptych.Models;
using Diptych.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>What the encoder's convolutions and activations are computed in while it trains.</summary>
public static class KnownPrecision
{
    /// <summary>What a run can be computed in.</summary>
    public static IReadOnlyList<string> Names { get; } = ["float32", "bfloat16"];

    /// <summary>What stands for the faster of <see cref="Names"/>, as <see cref="Choose"/> finds it.</summary>
    public const string Automatic = "auto";

    private const int Images = 8, ImagesOnGpu = 256, Rounds = 3; // few, since a run must start soon; but a GPU is not busy with few
    private const double WorthIt = 1.1;

    internal static ScalarType TypeOf(string name) => name == "bfloat16" ? ScalarType.BFloat16 : ScalarType.Float32;

    /// <summary>Replaces <see cref="Automatic"/> by what is faster on this machine, after a few steps with made-up views.</summary>
    /// <param name="options">The settings. A run's recipe must hold the choice, so that it is resumed with the same.</param>
    /// <returns>The settings with a precision of <see cref="Names"/>, and a line about the choice; null where there was none to make.</returns>
    public static (PretrainOptions Options, string? Why) Choose(PretrainOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Precision != Automatic)
            return (options, null);
        options.SetArithmetic();
        Device device = options.FindDevice();
        ViewRecipe recipe = options.CreateViewRecipe();
        using var scope = NewDisposeScope();
        using ResNet encoder = options.CreateEncoder().to(device);
        using var generator = new Generator(1);
        int images = Math.Min(device.type == DeviceType.CPU ? Images : ImagesOnGpu, Math.Min(options.Batch, options.Chunk ?? options.Batch));
        Tensor views = randn([2 * images, recipe.Size, recipe.Size, recipe.Channels], generator: generator).to(device).permute(0, 3, 1, 2);
        double[] seconds = [double.MaxValue, double.MaxValue];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < Names.Count; i++)
                seconds[i] = Math.Min(seconds[i], Step(encoder, views, Names[i]));
        }
        string choice = Names[seconds[0] > WorthIt * seconds[1] ? 1 : 0];
        return (options with { Precision = choice }, string.Create(CultureInfo.InvariantCulture,
            $"Precision {choice}: {2 * images} views through the encoder and back take {seconds[1]:F3} s in bfloat16, {seconds[0]:F3} s in float32."));
    }

    private static double Step(ResNet encoder, Tensor views, string precision)
    {
        using var scope = NewDisposeScope();
        encoder.Precision = TypeOf(precision);
        long start = Stopwatch.GetTimestamp();
        Backpropagation.Run(encoder.call(views).sum());
        if (views.device_type == DeviceType.CUDA)
            cuda.synchronize(views.device);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
