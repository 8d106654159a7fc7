using System.Runtime.InteropServices;

namespace Diptych.Cli.Tests;

/// <summary>The library and this platform's tool, packed into a folder of their own, with a NuGet folder of its own over the machine's.</summary>
public sealed class PackedFixture : IAsyncLifetime
{
    internal const string Version = "0.1.0-test";

    private readonly string _root = Directory.CreateTempSubdirectory("diptych-packed-").FullName;

    /// <summary>Path of the configuration that adds the packed folder to the machine's sources.</summary>
    internal string NuGetConfig => Path.Combine(_root, "nuget.config");

    internal string Packages => Path.Combine(_root, "packages");

    // Packages restored by a test must not stay, and what the machine has must not be downloaded again.
    internal (string Name, string? Value) OwnNuGetFolder => ("NUGET_PACKAGES", Path.Combine(_root, "nuget"));

    internal string Folder(string name) => Directory.CreateDirectory(Path.Combine(_root, name)).FullName;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (!Run.HasSdk)
            return;
        string lockFiles = LockFiles();
        await Pack("src/Diptych");
        await Pack("src/Diptych.Cli", "-p:ToolPackageRuntimeIdentifiers=" + Platform);
        Assert.Equal(lockFiles, LockFiles());

        string machine = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        await File.WriteAllTextAsync(NuGetConfig, $"""
            <configuration>
              <packageSources><add key="packed" value="{Packages}" /></packageSources>
              <fallbackPackageFolders><add key="machine" value="{machine}" /></fallbackPackageFolders>
            </configuration>
            """);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }

    internal static string Platform => $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{(RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "x64")}";

    private async Task Pack(string project, params string[] more) =>
        (await Run.Command("dotnet", ["pack", project, "-o", Packages, $"-p:Version={Version}", $"-p:ArtifactsPath={_root}/artifacts", .. more])).Succeeded();

    private static string LockFiles() =>
        string.Concat(Directory.GetFiles(Path.Combine(Repository.Root, "src"), "packages.lock.json", SearchOption.AllDirectories).Order().Select(File.ReadAllText));
}
