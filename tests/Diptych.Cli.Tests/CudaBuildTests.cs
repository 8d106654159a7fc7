using System.Text.Json;

namespace Diptych.Cli.Tests;

/// <summary>What -p:DiptychTorch=cuda asks for; nothing is downloaded.</summary>
public sealed class CudaBuildTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("diptych-cuda-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("-p:DiptychTorch=cuda", "linux-x64", "TorchSharp-cuda-linux")]
    [InlineData("-p:DiptychTorch=cuda", "win-x64", "TorchSharp-cuda-windows")]
    [InlineData("-p:DiptychTorch=cpu", "linux-x64", null)]
    public async Task A_program_asks_for_the_platforms_CUDA_package_and_leaves_the_lock_file_alone(string property, string platform, string? package)
    {
        SkipWithoutSdk();
        string said = (await Run.Command("dotnet", ["msbuild", "src/Diptych.Cli", property, "-p:RuntimeIdentifier=" + platform, "-getItem:PackageReference", "-getProperty:NuGetLockFilePath"])).Succeeded();
        using var json = JsonDocument.Parse(said);
        string[] cuda = [.. json.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray().Select(item => item.GetProperty("Identity").GetString()!).Where(name => name.Contains("cuda", StringComparison.Ordinal))];
        Assert.Equal(package is null ? [] : [package], cuda);
        Assert.Equal(package is not null, json.RootElement.GetProperty("Properties").GetProperty("NuGetLockFilePath").GetString()!.EndsWith("cuda.packages.lock.json", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Restoring_fails_for_that_package_alone_where_no_source_has_it()
    {
        SkipWithoutSdk();
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the package is named for Linux");
        string empty = Directory.CreateDirectory(Path.Combine(_root, "empty")).FullName;
        Run run = await Run.Command("dotnet", ["restore", "src/Diptych.Cli", "-p:DiptychTorch=cuda", $"-p:ArtifactsPath={_root}/artifacts", $"-p:RestoreSources={empty}"]);
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("TorchSharp-cuda-linux", run.Output, StringComparison.Ordinal);
        Assert.Equal(["TorchSharp-cuda-linux"], run.Output.Split('\n').Where(line => line.Contains("NU1101", StringComparison.Ordinal) || line.Contains("NU1100", StringComparison.Ordinal)).SelectMany(line => line.Split(' ', '\'')).Where(word => word.StartsWith("TorchSharp-", StringComparison.Ordinal) || word.StartsWith("libtorch-", StringComparison.Ordinal)).Select(word => word.TrimEnd('.', ',')).Distinct());
    }

    private static void SkipWithoutSdk() => Assert.SkipUnless(Run.HasSdk, "There is no dotnet SDK on the PATH.");
}
