using System.IO.Compression;

namespace Diptych.Cli.Tests;

/// <summary>What a user gets from the packages, and not from the source.</summary>
public sealed class PackageTests(PackedFixture packed) : IClassFixture<PackedFixture>
{
    [Fact]
    public async Task A_program_that_references_the_library_may_touch_torch_before_Diptych()
    {
        SkipWithoutSdk();
        string folder = packed.Folder("program");
        await WriteProject(folder, "program");
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), """
            using TorchSharp;

            Console.WriteLine(torch.rand(2, 3).shape[1]);
            Console.WriteLine(new Diptych.CounterRandom(7).NextUInt32() == new Diptych.CounterRandom(7).NextUInt32());
            if (OperatingSystem.IsLinux())
                Console.WriteLine(string.Join(' ', File.ReadLines("/proc/self/maps").Where(line => line.Contains("libtorch_cpu")).Select(line => line[line.IndexOf('/')..]).Distinct()));
            """, Cancel);
        (await Run.Command("dotnet", ["build", "-c", "Release"], folder, packed.OwnNuGetFolder)).Succeeded();
        string output = Path.Combine(folder, "bin", "Release", "net10.0");
        string program = Path.Combine(output, "program.dll");
        string libtorch = Path.Combine(output, "libtorch");
        Assert.Equal(Expected(libtorch), (await Run.Command("dotnet", ["exec", program])).Succeeded());

        // Another folder of the same files is the only one in the process when the user names it.
        string chosen = Path.Combine(folder, "chosen");
        Directory.Move(libtorch, chosen);
        Directory.CreateDirectory(libtorch);
        File.CreateSymbolicLink(Path.Combine(libtorch, "libtorch_cpu.so"), Path.Combine(chosen, "libtorch_cpu.so"));
        Assert.Equal(Expected(chosen), (await Run.Command("dotnet", ["exec", program], null, ("DIPTYCH_LIBTORCH", chosen))).Succeeded());

        // Building again repairs the folder and, with nothing to do, does nothing.
        Directory.Delete(libtorch, recursive: true);
        (await Run.Command("dotnet", ["build", "-c", "Release"], folder, packed.OwnNuGetFolder)).Succeeded();
        Assert.Equal(Expected(libtorch), (await Run.Command("dotnet", ["exec", program])).Succeeded());
        DateTime built = File.GetLastWriteTimeUtc(program);
        (await Run.Command("dotnet", ["build", "-c", "Release"], folder, packed.OwnNuGetFolder)).Succeeded();
        Assert.Equal(built, File.GetLastWriteTimeUtc(program));

        static string Expected(string libtorch) => string.Join(Environment.NewLine, OperatingSystem.IsLinux() ? ["3", "True", Path.Combine(libtorch, "libtorch_cpu.so")] : ["3", "True"]);
    }

    [Fact]
    public async Task The_program_of_the_documents_runs()
    {
        SkipWithoutSdk();
        using var data = new TemporaryFolder();
        Tiles.Unpack(Run.Sample("test.tar"), data.File("photos"), perClass: 4);
        File.Copy(Directory.GetFiles(data.File("photos/Forest"))[0], data.File("photos/Forest/again.jpg"));
        Tiles.Unpack(Run.Sample("train.tar"), data.File("labelled/train"), perClass: 5);
        (await Run.ToolIn(data, "pretrain", "photos", "--views", "satellite", "--image-size", "8", "--width", "4", "--batch", "20", "--epochs", "1", "--out", "runs/photos")).Succeeded();
        string folder = packed.Folder("documented");
        await WriteProject(folder, "documented");
        string document = (await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "embed.md"), Cancel)).ReplaceLineEndings("\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), document.Split("```csharp\n")[1].Split("\n```")[0], Cancel);
        (await Run.Command("dotnet", ["build", "-c", "Release"], folder, packed.OwnNuGetFolder)).Succeeded();
        string[] lines = (await Run.Command("dotnet", ["exec", Path.Combine(folder, "bin", "Release", "net10.0", "documented.dll")], data.Path)).Succeeded().ReplaceLineEndings("\n").Split('\n');
        string first = Directory.GetFiles(data.File("photos"), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(data.File("photos"), path).Replace('\\', '/')).Min(StringComparer.Ordinal)!;
        Assert.StartsWith($"{first} (1.00), ", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains("Forest/again.jpg and Forest/", StringComparison.Ordinal) && line.EndsWith(": 1.0000", StringComparison.Ordinal) || line.Contains(" and Forest/again.jpg: 1.0000", StringComparison.Ordinal));
        Assert.InRange(lines.Count(line => line.StartsWith("group ", StringComparison.Ordinal)), 2, 10);
        Assert.Equal(41, lines.TakeLast(41).Count(line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^\w+/\S+: \w+, \d+\s?%$")));
    }

    [Fact]
    public async Task The_tool_installs_and_computes()
    {
        SkipWithoutSdk();
        string folder = packed.Folder("tool");
        (await Run.Command("dotnet", ["tool", "install", "Diptych.Tool", "--tool-path", folder, "--version", PackedFixture.Version, "--configfile", packed.NuGetConfig], folder, packed.OwnNuGetFolder)).Succeeded();
        string said = (await Run.Command(Path.Combine(folder, "diptych"), ["--version"])).Succeeded();
        Assert.Contains("libtorch 2.10.0 in " + folder, said, StringComparison.Ordinal);
        Assert.EndsWith("1 + 1 = 2", said, StringComparison.Ordinal);
        Assert.Contains("cifar10-moco", (await Run.Command(Path.Combine(folder, "diptych"), ["list", "recipes"])).Succeeded(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tools_package_holds_one_libtorch_and_its_licence_and_is_small_enough_to_publish()
    {
        SkipWithoutSdk();
        string package = Path.Combine(packed.Packages, $"Diptych.Tool.{PackedFixture.Platform}.{PackedFixture.Version}.nupkg");
        using ZipArchive archive = await ZipFile.OpenReadAsync(package, Cancel);
        string[] files = archive.Entries.Select(entry => entry.FullName).Where(name => name.Contains("/libtorch/", StringComparison.Ordinal)).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray()!;
        Assert.Contains("LICENSE-LIBTORCH.txt", files);
        Assert.Single(archive.Entries, entry => entry.Name.Contains("torch_cpu.", StringComparison.Ordinal));
        Assert.DoesNotContain(files, name => name.Contains("python", StringComparison.Ordinal));
        Assert.InRange(new FileInfo(package).Length, 1, 250_000_000); // what a package registry takes at most
    }

    private static Task WriteProject(string folder, string name) => File.WriteAllTextAsync(Path.Combine(folder, name + ".csproj"), $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="Diptych" Version="{PackedFixture.Version}" />
          </ItemGroup>
        </Project>
        """, Cancel);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static void SkipWithoutSdk() => Assert.SkipUnless(Run.HasSdk, "There is no dotnet SDK on the PATH to build and install with.");
}
