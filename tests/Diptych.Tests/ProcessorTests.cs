namespace Diptych.Tests;

public sealed class ProcessorTests
{
    [Fact]
    public void Tiles_are_what_the_system_says_of_the_processor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no /proc/cpuinfo.");
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ONEDNN_MAX_CPU_ISA") is { Length: > 0 }, "ONEDNN_MAX_CPU_ISA is set.");
        Assert.Equal(File.ReadAllText("/proc/cpuinfo").Contains(" amx_bf16", StringComparison.Ordinal), Processor.HasTiles);
    }
}
