using Microsoft.Playwright;

namespace Diptych.Cli.Tests;

/// <summary>The report in a real browser, without a network.</summary>
public sealed class ReportTests
{
    private static readonly string? Browser = new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    private static async Task<TemporaryFolder> Trained()
    {
        var folder = new TemporaryFolder();
        Tiles.Unpack(Run.Sample("train.tar"), folder.File("labelled/train"), perClass: 12);
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("labelled/test"), perClass: 6);
        // A name that would end the script, were it not escaped.
        File.Move(Directory.GetFiles(folder.File("labelled/train/Forest"))[0], folder.File("labelled/train/Forest/<script>alert(1)<!--.jpg"));
        (await Run.ToolIn(folder, "pretrain", "labelled/train", "--views", "satellite", "--image-size", "16", "--encoder", "resnet10", "--width", "4", "--batch", "20", "--epochs", "3", "--evaluate-every", "1", "--threads", "1", "--out", "run")).Succeeded();
        (await Run.ToolIn(folder, "evaluate", "run", "--data", "labelled", "--labels-per-class", "3", "--draws", "2")).Succeeded();
        return folder;
    }

    [Fact]
    public async Task The_page_shows_everything_offline_and_answers_to_the_mouse()
    {
        Assert.SkipUnless(Browser is not null, "No Chromium is installed.");
        using TemporaryFolder folder = await Trained();
        (await Run.ToolIn(folder, "report", "run", "--png", "png")).Succeeded();
        Assert.Equal(["confusion.png", "curves.png", "map.png"], Directory.GetFiles(folder.File("png")).Select(Path.GetFileName).Order());

        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Browser, Args = ["--no-sandbox", "--disable-gpu"] });
        IPage page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 1200, Height = 900 } });
        var complaints = new List<string>();
        page.Console += (_, message) => complaints.Add($"{message.Type}: {message.Text}");
        page.PageError += (_, error) => complaints.Add(error);
        page.Dialog += (_, dialog) => complaints.Add("dialog: " + dialog.Message);
        page.Request += (_, request) => { if (!request.Url.StartsWith("file:", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal)) complaints.Add(request.Url); };
        await page.GotoAsync("file://" + folder.File("run/report.html"));

        Assert.Equal("run", await page.InnerTextAsync("#title"));
        Assert.Equal(4, await page.Locator("#curves svg").CountAsync()); // loss, q, images/s, online accuracy
        Assert.Equal(16, await page.Locator("#neighbours .sheet").CountAsync());
        Assert.Equal(16 * 9, await page.Locator("#neighbours .thumb").CountAsync());
        Assert.True(await page.EvaluateAsync<bool>("() => document.getElementById('views').naturalWidth > 100"));
        Assert.Equal(10, await page.Locator("#legend .key").CountAsync());
        Assert.Equal(10 * 10 + 10 + 11, await page.Locator(".confusion td, .confusion th").CountAsync());
        Assert.Equal(6, await page.Locator("#figures tr").CountAsync() - 1); // pixels, untrained, dcl: all labels and few

        ILocator canvas = page.Locator("#map canvas"), tip = page.Locator("#tip");
        await canvas.ScrollIntoViewIfNeededAsync();
        foreach (string layout in new[] { "tsne", "pca" })
        {
            await page.ClickAsync("#" + layout);
            float[] at = await page.EvaluateAsync<float[]>("() => [px(7), py(7)]");
            await canvas.HoverAsync(new() { Position = new() { X = at[0], Y = at[1] } });
            Assert.True(await tip.IsVisibleAsync(), layout);
            string[] names = await page.EvaluateAsync<string[]>("() => im.names");
            Assert.Contains(names, name => tip.InnerTextAsync().Result.Contains(name, StringComparison.Ordinal));
            Assert.Contains("url(\"data:image/jpeg", await tip.Locator(".thumb").EvaluateAsync<string>("e => getComputedStyle(e).backgroundImage"), StringComparison.Ordinal);
            double before = await page.EvaluateAsync<double>("() => scale");
            await page.Mouse.WheelAsync(0, -400);
            await page.WaitForFunctionAsync("before => scale > 1.5 * before", before);
            float[] zoomed = await page.EvaluateAsync<float[]>("() => [px(7), py(7)]");
            Assert.InRange(Math.Abs(zoomed[0] - at[0]) + Math.Abs(zoomed[1] - at[1]), 0, 2); // the point under the mouse stays there
            await page.ClickAsync("#reset");
            Assert.Equal(before, await page.EvaluateAsync<double>("() => scale"), 6);
        }
        await page.ClickAsync("#legend .key:first-child");
        Assert.Equal(1, await page.EvaluateAsync<int>("() => hidden.size"));
        await page.Locator("#curves svg").First.HoverAsync();
        Assert.Contains("at epoch", await page.Locator("#curves b").First.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task Images_that_are_gone_are_named_and_others_may_be_shown()
    {
        using TemporaryFolder folder = await Trained();
        Directory.Move(folder.File("labelled/train"), folder.File("elsewhere"));
        Run run = await Run.ToolIn(folder, "report", "run");
        Assert.Equal((2, "The images of the run, labelled/train, are not there. Name images to show with --images."), (run.ExitCode, run.Error));
        (await Run.ToolIn(folder, "report", "run", "--images", "elsewhere", "--count", "30", "--out", "page.html")).Succeeded();
        Assert.True(File.Exists(folder.File("page.html")));
    }
}
