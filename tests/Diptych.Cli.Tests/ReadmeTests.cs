using System.Text.RegularExpressions;
using Diptych.Losses;
using static TorchSharp.torch;

namespace Diptych.Cli.Tests;

/// <summary>What the README tells a user to type does what it says.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "README.md")).ReplaceLineEndings("\n");

    [Fact]
    public async Task Every_command_line_runs()
    {
        using var folder = new TemporaryFolder();
        Tiles.Unpack(Run.Sample("train.tar"), folder.File("labelled/train"), perClass: 10);
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("labelled/test"), perClass: 10);
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("photos"), perClass: 13); // a batch of the default size, and two more
        Directory.CreateSymbolicLink(folder.File("samples"), Path.Combine(AppContext.BaseDirectory, "samples"));
        string[] lines = CommandLine().Matches(Text).Select(m => m.Groups[1].Value).ToArray();
        Assert.True(lines.Length >= 4, $"The README has {lines.Length} command lines that begin with diptych.");
        foreach (string line in lines)
        {
            // One epoch of a narrow encoder shows that the line works; the README's own figures take longer.
            string quick = Width().Replace(Epochs().Replace(line, "--epochs 1"), "--width 4");
            Run run = await Run.ToolIn(folder, quick.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            Assert.True(run.ExitCode == 0, $"diptych {quick}\n{run.Error}");
        }
        Assert.True(File.Exists(folder.File("views.png")));
        Assert.True(File.Exists(folder.File("runs/photos/encoder.safetensors")));
    }

    [Fact]
    public void The_program_is_the_one_that_this_test_runs()
    {
        string program = CSharpBlock().Match(Text).Groups[1].Value;
        string own = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Diptych.Cli.Tests", "ReadmeTests.cs")).ReplaceLineEndings("\n");
        string[] missing = program.Split('\n').Where(line => !line.StartsWith("using ", StringComparison.Ordinal) || line.Contains(" = ", StringComparison.Ordinal))
            .Where(line => !own.Contains(line.Trim(), StringComparison.Ordinal)).ToArray();
        Assert.Empty(missing);

        using var scope = NewDisposeScope();
        var loss = ContrastiveLoss.Decoupled(temperature: 0.1);
        Tensor first = randn(64, 128, requires_grad: true), second = randn(64, 128);   // [N, D] embeddings of the two views
        using LossValue value = loss.TwoViews(first, second);
        value.Value.backward();
        Console.WriteLine($"loss {value.Value.item<float>():F3}, q {value.Diagnostics.QMean:F3}");
        Assert.True(first.grad!.abs().sum().item<float>() > 0);
        Assert.InRange(value.Diagnostics.QMean, 0.9, 1);
    }

    [Fact]
    public void Every_file_that_is_named_exists()
    {
        string[] links = Link().Matches(Text).Select(m => m.Groups[1].Value).Where(l => !l.StartsWith("http", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.True(Path.Exists(Path.Combine(Repository.Root, link)), link));
    }

    [GeneratedRegex(@"^diptych (.+)$", RegexOptions.Multiline)]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"--epochs \d+")]
    private static partial Regex Epochs();

    [GeneratedRegex(@"--width \d+")]
    private static partial Regex Width();

    [GeneratedRegex(@"```csharp\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"\]\(([^)#]+)\)")]
    private static partial Regex Link();
}
