using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Tests;

/// <summary>The GPU of tests that need one; all of them: <c>-trait device=gpu</c>.</summary>
internal static class Gpu
{
    public const string Trait = "device", Name = "gpu";

    /// <summary>The first GPU that libtorch sees; the test is skipped where there is none.</summary>
    public static Device OrSkip()
    {
        TorchRuntime.Load();
        Assert.SkipUnless(TorchRuntime.HasCuda && cuda.is_available(), "There is no GPU, or no CUDA in this libtorch (docs/gpu.md).");
        return new Device(DeviceType.CUDA, 0);
    }

    /// <summary>float32 products and convolutions in float32, until disposed: libtorch's convolutions round to TF32 where nothing is said.</summary>
    public static IDisposable WithoutRounding() => new Rounding();

    private sealed class Rounding : IDisposable
    {
        private readonly bool _wasAllowed = backends.cudnn.allow_tf32;

        public Rounding() => backends.cudnn.allow_tf32 = false;

        public void Dispose() => backends.cudnn.allow_tf32 = _wasAllowed;
    }
}
