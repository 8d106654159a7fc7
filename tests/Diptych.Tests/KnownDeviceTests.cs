using Diptych.Training;
using TorchSharp;

namespace Diptych.Tests;

public sealed class KnownDeviceTests
{
    [Theory]
    [InlineData("cpu")]
    [InlineData("auto")]
    public void Without_a_GPU_auto_is_the_processor(string name)
    {
        Assert.SkipWhen(TorchRuntime.HasCuda && torch.cuda.is_available(), "there is a GPU");
        Assert.Equal(DeviceType.CPU, KnownDevice.Named(name).type);
    }

    [Theory]
    [InlineData("cuda")]
    [InlineData("cuda:1")]
    public void A_GPU_that_is_not_there_is_refused_with_the_libtorch_and_what_to_do(string name)
    {
        Assert.SkipWhen(TorchRuntime.HasCuda, "this libtorch has CUDA");
        Assert.Null(KnownDevice.FindMistake(name));
        Assert.Equal($"""
            --device {name} needs a GPU and a libtorch with CUDA, but there is no CUDA in {TorchRuntime.Description}.
            Build with -p:DiptychTorch=cuda, or set DIPTYCH_LIBTORCH to a libtorch with CUDA (in a Python wheel: torch/lib); --device cpu goes without. See docs/gpu.md.
            """, Assert.Throws<InvalidInputException>(() => KnownDevice.Named(name)).Message, ignoreLineEndingDifferences: true);
        // TorchSharp's own search for a CUDA package did not run: it leaves a folder behind.
        Assert.Empty(Directory.GetDirectories(AppContext.BaseDirectory, "cuda*"));
    }

    [Fact]
    [Trait(Gpu.Trait, Gpu.Name)]
    public void Where_there_is_a_GPU_auto_is_the_first_and_a_number_behind_the_last_is_refused()
    {
        Gpu.OrSkip();
        Assert.Equal((DeviceType.CUDA, 0), (KnownDevice.Named("auto").type, KnownDevice.Named("auto").index));
        Assert.StartsWith("--device cuda:99 is not there: libtorch ", Assert.Throws<InvalidInputException>(() => KnownDevice.Named("cuda:99")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("CUDA")]
    [InlineData("")]
    public void Other_names_are_refused_before_libtorch_is_asked(string name)
    {
        Assert.StartsWith($"Unknown device '{name}'. Known devices: auto, cpu, cuda, cuda:0.", KnownDevice.FindMistake(name), StringComparison.Ordinal);
        Assert.Contains($"Unknown device '{name}'", Assert.Throws<InvalidInputException>(() => new PretrainOptions { Device = name }.Validate()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_may_go_on_on_another_device_and_a_deterministic_one_stays_on_the_processor()
    {
        var options = new PretrainOptions { Device = "cuda" };
        Assert.Empty(options.DifferencesFrom(options with { Device = "cpu" }));
        Assert.Equal("--deterministic computes on the processor, but --device is cuda. Leave one of them out.", Assert.Throws<InvalidInputException>((options with { Deterministic = true }).Validate).Message);
        Assert.Equal(DeviceType.CPU, new PretrainOptions { Deterministic = true }.FindDevice().type);
    }
}
