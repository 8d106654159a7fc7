namespace Diptych.Cli.Tests;

/// <summary>What the tool writes of its views, made again by Pillow with docs/replay_views.py.</summary>
public sealed class ReplayTests
{
    private const string Python = "/usr/bin/python3";

    [Theory]
    [InlineData("satellite", "PIL")]
    [InlineData("moco-v2", "PIL")]
    [InlineData("gray", "PIL")]
    [InlineData("imagenet", "PIL, torchvision")]
    [InlineData("imagenet-strong", "PIL, torchvision")]
    [InlineData("{ \"size\": 50, \"filter\": \"bicubic\", \"channels\": 1, \"jitter-probability\": 1, \"hue\": 0.1, \"contrast\": 0.9, \"blur-probability\": 1, \"blur-kind\": \"pillow\", \"solarize-probability\": 0.5, \"quarter-turns\": true }", "PIL")]
    public async Task Pillow_makes_the_same_views_from_views_json(string recipe, string needs)
    {
        await SkipWithout(needs);
        using var folder = new TemporaryFolder();
        if (recipe.StartsWith('{'))
        {
            await File.WriteAllTextAsync(folder.File("mine.json"), recipe, TestContext.Current.CancellationToken);
            recipe = "mine.json";
        }
        Run drawn = await Run.ToolIn(folder, "views", Run.Sample("test.tar"), "--recipe", recipe, "--count", "6", "--seed", "3", "--out", "views");
        Assert.True(drawn.ExitCode == 0, drawn.Error);
        Assert.Equal(49, Directory.GetFiles(folder.File("views")).Length);
        Run replayed = await Replay(folder, Run.Sample("test.tar"));
        Assert.True(replayed.ExitCode == 0, $"{replayed.Output}\n{replayed.Error}");
        Assert.Matches(@"^48 views, \d+ values: the same as Pillow's$", replayed.Output);
    }

    [Fact]
    public async Task A_factor_changed_by_a_tenth_is_found_in_one_photo()
    {
        await SkipWithout("PIL");
        using var folder = new TemporaryFolder();
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("photos"), perClass: 1);
        string photo = Directory.GetFiles(folder.File("photos"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        Run drawn = await Run.ToolIn(folder, "views", photo, "--views", "moco-v2", "--image-size", "64", "--count", "8", "--seed", "1", "--out", "views");
        Assert.True(drawn.ExitCode == 0, drawn.Error);
        Assert.Equal(0, (await Replay(folder, photo)).ExitCode);

        string json = await File.ReadAllTextAsync(folder.File("views/views.json"), TestContext.Current.CancellationToken);
        int at = json.IndexOf("\"factor\": ", json.IndexOf("brightness", StringComparison.Ordinal), StringComparison.Ordinal) + "\"factor\": ".Length;
        await File.WriteAllTextAsync(folder.File("views/views.json"), json[..at] + "0.1 " + json[json.IndexOfAny(['\r', '\n'], at)..], TestContext.Current.CancellationToken);
        Run replayed = await Replay(folder, photo);
        Assert.Equal(1, replayed.ExitCode);
        Assert.Contains("values differ", replayed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Photographs_that_were_turned_are_turned_again()
    {
        await SkipWithout("PIL");
        using var folder = new TemporaryFolder();
        string photo = Repository.Image("orientation-6.jpg");
        foreach (string[] asked in (string[][])[["--exif-orientation"], []])
        {
            Run drawn = await Run.ToolIn(folder, ["views", photo, "--views", "moco-v2", "--image-size", "32", "--count", "4", "--out", "views", .. asked]);
            Assert.True(drawn.ExitCode == 0, drawn.Error);
            Run replayed = await Replay(folder, photo);
            Assert.True(replayed.ExitCode == 0, replayed.Output);
        }
    }

    private static Task<Run> Replay(TemporaryFolder folder, string images) =>
        Run.Command(Python, [Path.Combine(Repository.Root, "docs", "replay_views.py"), folder.File("views"), images]);

    private static async Task SkipWithout(string modules)
    {
        Assert.SkipUnless(File.Exists(Python), $"there is no {Python}");
        Assert.SkipUnless((await Run.Command(Python, ["-c", $"import {modules}"])).ExitCode == 0, $"{Python} has no {modules}");
    }
}
