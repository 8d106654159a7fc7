using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych;

/// <summary>Where networks are computed: on the processor or on a GPU.</summary>
public static class KnownDevice
{
    /// <summary>What stands for a GPU where there is one, and for the processor elsewhere.</summary>
    public const string Automatic = "auto";

    private const string Cuda = "cuda", Processor = "cpu";

    /// <summary>What options and recipes may say, beside <c>cuda:N</c> for the GPU of that number, 0-based.</summary>
    public static IReadOnlyList<string> Names { get; } = [Automatic, Processor, Cuda];

    /// <summary>What is wrong with a name; null where it is one. Whether the machine has such a device is found by <see cref="Named"/>.</summary>
    /// <param name="name">The name.</param>
    public static string? FindMistake(string name) => Names.Contains(name) || NumberOf(name) is not null ? null : NearMiss.Describe("device", name, [.. Names, "cuda:0"]);

    /// <summary>The device of that name.</summary>
    /// <param name="name">One of <see cref="Names"/>, or <c>cuda:N</c>.</param>
    /// <exception cref="InvalidInputException">The name is unknown, or this machine and libtorch have no such device; the message says what to do.</exception>
    public static Device Named(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (FindMistake(name) is { } mistake)
            throw new InvalidInputException(mistake);
        TorchRuntime.Load();
        if (name == Processor || (name == Automatic && !IsCudaThere()))
            return CPU;
        if (!IsCudaThere())
            throw new InvalidInputException($"--device {name} needs a GPU and a libtorch with CUDA, but {(TorchRuntime.HasCuda ? "no GPU is seen by" : "there is no CUDA in")} {TorchRuntime.Description}.{Environment.NewLine}{Remedy}");
        int number = NumberOf(name) ?? 0;
        int count = cuda.device_count();
        if (number >= count)
            throw new InvalidInputException($"--device {name} is not there: {TorchRuntime.Description} sees {(count == 1 ? "one GPU, cuda:0" : $"{count} GPUs, cuda:0 to cuda:{count - 1}")}.");
        return new Device(DeviceType.CUDA, number);
    }

    /// <summary>Where a network's parameters are.</summary>
    internal static Device Of(nn.Module network) => network.parameters().First().device;

    private static string Remedy => TorchRuntime.HasCuda
        ? "See whether nvidia-smi shows one, and CUDA_VISIBLE_DEVICES; --device cpu goes without."
        : $"Build with -p:DiptychTorch=cuda, or set {TorchFiles.Variable} to a libtorch with CUDA (in a Python wheel: torch/lib); --device cpu goes without. See docs/gpu.md.";

    // TorchSharp is asked only where its answer comes from the libtorch that is loaded: by itself it would look for a CUDA package.
    private static bool IsCudaThere() => TorchRuntime.HasCuda && cuda.is_available();

    private static int? NumberOf(string name) =>
        name.StartsWith(Cuda + ":", StringComparison.Ordinal) && int.TryParse(name.AsSpan(Cuda.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
