using System.Diagnostics;
using System.Text.Json;

namespace Diptych.Cli.Tests;

public sealed class RunTests
{
    private static readonly string[] Small = ["--width", "4", "--image-size", "8", "--batch", "50", "--threads", "1", "--views", "satellite"];

    [Fact]
    public async Task The_whole_path_from_images_to_figures()
    {
        using var folder = new TemporaryFolder();
        Run trained = await Run.ToolIn(folder, ["pretrain", Run.Sample("test.tar"), .. Small, "--epochs", "2"]);
        Assert.Equal((0, ""), (trained.ExitCode, trained.Output));
        string run = Path.Combine("runs", "test-simclr-dcl");
        foreach (string name in new[] { "recipe.json", "metrics.jsonl", "log.txt", "encoder.safetensors" })
            Assert.True(File.Exists(Path.Combine(folder.Path, run, name)), name);
        string[] lines = File.ReadAllLines(Path.Combine(folder.Path, run, "metrics.jsonl"));
        Assert.Equal(40, lines.Length);
        using (var line = JsonDocument.Parse(lines[^1]))
        {
            Assert.Equal(["step", "epoch", "loss", "q-mean", "q-cv", "q-histogram", "alignment", "uniformity", "effective-rank", "positive-similarity", "negative-similarity", "feature-deviation", "gradient-norm", "learning-rate", "temperature", "images-per-second", "data-wait"], line.RootElement.EnumerateObject().Select(p => p.Name));
            Assert.Equal(40, line.RootElement.GetProperty("step").GetInt32());
        }

        Run evaluated = await Run.ToolIn(folder, "evaluate", run, "--nearest-neighbour", "--train", Run.Sample("train.tar"), "--test", Run.Sample("test.tar"), "--json");
        Assert.Equal(0, evaluated.ExitCode);
        using (var json = JsonDocument.Parse(evaluated.Output))
        {
            JsonElement[] results = json.RootElement.GetProperty("results").EnumerateArray().ToArray();
            Assert.Equal(["raw pixels", "untrained encoder", "dcl"], results.Select(r => r.GetProperty("features").GetString()).Distinct());
            using var kept = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.Path, run, "evaluation.json")));
            Assert.True(JsonElement.DeepEquals(json.RootElement, kept.RootElement));
            Assert.All(results, r => Assert.Equal(("nearest neighbour", r.GetProperty("labels").GetString() == "all" ? 5000 : 100, 1), (r.GetProperty("classifier").GetString(), r.GetProperty("label-count").GetInt32(), r.GetProperty("seed").GetInt32())));
            Assert.All(results, r => Assert.InRange(r.GetProperty("accuracy").GetDouble(), 0.11, 1)); // better than chance
            Assert.Contains("k = 20", json.RootElement.GetProperty("protocol").GetString(), StringComparison.Ordinal);
        }

        Run again = await Run.ToolIn(folder, ["pretrain", Run.Sample("test.tar"), .. Small, "--epochs", "2", "--resume"]);
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("is finished", again.Error, StringComparison.Ordinal);

        Run inspected = await Run.ToolIn(folder, "inspect", run);
        Assert.Contains("state: finished", inspected.Output, StringComparison.Ordinal);
        Assert.Contains("step 40: whole", inspected.Output, StringComparison.Ordinal);
        Run file = await Run.ToolIn(folder, "inspect", Path.Combine(run, "encoder.safetensors"));
        Assert.Contains("conv1.weight: F32 [4, 3, 3, 3]", file.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_auto_measured_is_told_and_kept()
    {
        using var folder = new TemporaryFolder();
        Run trained = await Run.ToolIn(folder, ["pretrain", Run.Sample("test.tar"), .. Small, "--epochs", "1", "--precision", "auto", "--out", "run"]);
        Assert.Equal(0, trained.ExitCode);
        Assert.Contains("views through the encoder and back take ", trained.Error, StringComparison.Ordinal);
        Assert.Contains("views through the encoder and back take ", File.ReadAllText(folder.File("run/log.txt")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_set_is_inspected_with_all_that_is_wrong_with_it()
    {
        using var folder = new TemporaryFolder();
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("photos"), perClass: 1);
        File.WriteAllText(folder.File("photos/AnnualCrop/0.jpg"), "no picture");
        File.WriteAllText(folder.File("photos/Forest/2.gif"), "no picture that is read");
        Run check = await Run.ToolIn(folder, "inspect", "photos", "--check");
        Assert.Equal(2, check.ExitCode);
        string said = check.Output;
        Assert.Contains("count: 11\nfirst: AnnualCrop/0.jpg, not readable: ", said.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("left-out: .gif (1)\nreadable: 10\nunreadable:\n  AnnualCrop/0.jpg: ", said.ReplaceLineEndings("\n"), StringComparison.Ordinal);

        string packed = (await Run.ToolIn(folder, "pack", "photos/Forest", "--store", "raw", "--out", "one.pack")).Error;
        Assert.Contains("1 of 1 images", packed, StringComparison.Ordinal);
        said = (await Run.ToolIn(folder, "inspect", "one.pack", "--check")).Succeeded();
        Assert.Contains("stored: packed raw, shorter side at most 256 pixels\nreadable: 1", said.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recipe_starts_the_settings_and_options_beside_it_count_more()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("mine.json"), """{"about": "tiny", "method": "nnclr", "support-set": 60, "width": 4, "image-size": 8, "views": "satellite", "batch": 50, "epochs": 7, "threads": 1}""", TestContext.Current.CancellationToken);
        Run trained = await Run.ToolIn(folder, "pretrain", Run.Sample("test.tar"), "--recipe", "mine.json", "--epochs", "1", "--out", "run");
        Assert.Equal((0, ""), (trained.ExitCode, trained.Output));
        using var settings = JsonDocument.Parse(await File.ReadAllTextAsync(folder.File("run/recipe.json"), TestContext.Current.CancellationToken));
        Assert.Equal("nnclr", settings.RootElement.GetProperty("method").GetString());
        Assert.Equal(60, settings.RootElement.GetProperty("support-set").GetInt32());
        Assert.Equal(1, settings.RootElement.GetProperty("epochs").GetInt32());

        // The settings of a run are a recipe too.
        Run again = await Run.ToolIn(folder, "pretrain", Run.Sample("test.tar"), "--recipe", "run/recipe.json", "--out", "again");
        Assert.Equal(0, again.ExitCode);
        Assert.Equal(await File.ReadAllBytesAsync(folder.File("run/encoder.safetensors"), TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(folder.File("again/encoder.safetensors"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("methods", "simclr", "nnclr")]
    [InlineData("losses", "infonce", "dclw")]
    [InlineData("encoders", "resnet18", "wide_resnet50_2")]
    [InlineData("recipes", "small-machine", "imagenet1k-moco")]
    public async Task What_there_is_to_choose_from_is_listed(string kind, string first, string second)
    {
        using var folder = new TemporaryFolder();
        string[] names = (await Run.ToolIn(folder, "list", kind)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]).ToArray();
        Assert.Contains(first, names);
        Assert.Contains(second, names);
        using var json = JsonDocument.Parse((await Run.ToolIn(folder, "list", kind, "--json")).Output);
        Assert.Equal(names, json.RootElement.GetProperty(kind).EnumerateArray().Select(e => e.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData("moco", "--queue", "70")]
    [InlineData("nnclr", "--support-set", "70")]
    public async Task Runs_of_the_other_methods_are_evaluated_alike(string method, string option, string value)
    {
        using var folder = new TemporaryFolder();
        Run trained = await Run.ToolIn(folder, ["pretrain", Run.Sample("test.tar"), .. Small, "--epochs", "1", "--method", method, option, value]);
        Assert.Equal((0, ""), (trained.ExitCode, trained.Output));
        Run evaluated = await Run.ToolIn(folder, "evaluate", Path.Combine("runs", $"test-{method}-dcl"), "--train", Run.Sample("train.tar"), "--test", Run.Sample("test.tar"), "--json");
        Assert.Equal(0, evaluated.ExitCode);
        Assert.Contains("untrained encoder", evaluated.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_evaluation_in_one_table_with_its_protocol()
    {
        using var folder = new TemporaryFolder();
        Tiles.Unpack(Run.Sample("train.tar"), folder.File("labelled/train"), perClass: 12);
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("labelled/test"), perClass: 6);
        Assert.Equal(0, (await Run.ToolIn(folder, ["pretrain", Run.Sample("test.tar"), .. Small, "--epochs", "1", "--out", "run"])).ExitCode);
        Run evaluated = await Run.ToolIn(folder, "evaluate", "run", "--data", "labelled", "--nearest-neighbour", "--choose", "--linear", "--retrieval", "--clusters", "--projector", "--label-fraction", "0.25", "--draws", "3");
        string[] lines = evaluated.Succeeded().Split('\n');
        Assert.Matches(@"^features +epoch +classifier +labels +k +temp\. +penalty +split +seed +top-1 % +top-5 % +macro-F1 % +ECE %", lines[0]);
        foreach (string features in new[] { "raw pixels", "untrained encoder", "dcl", "dcl embedding" })
        {
            foreach (string row in new[] { @"nearest neighbour  all \(120\) +\d+\* +[\d.]+\*", @"nearest neighbour  25 % \(30\) ", @"linear probe       all \(120\) ", @"linear probe       25 % \(30\) .* ± " })
                Assert.Contains(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, $@"^{features} +1? +{row}"));
        }
        Assert.Contains(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, "^features +effective rank +uniformity +mAP % +recall@1 / 5 / 10 % +NMI +ARI"));
        Assert.Contains("split: labelled", evaluated.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("run/evaluation.json")));
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_leaves_a_checkpoint_and_the_run_goes_on_to_the_same_encoder(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such signals");
        using var folder = new TemporaryFolder();
        string[] command = ["pretrain", Run.Sample("test.tar"), .. Small, "--epochs", "25"];
        using (Process process = Run.StartToolIn(folder, [.. command, "--out", "halted"]))
        {
            while (process.StandardError.ReadLine() is { } line && !line.StartsWith("step", StringComparison.Ordinal))
            {
            }
            Process.Start("kill", ["-" + signal, $"{process.Id}"]).WaitForExit();
            Run halted = await Run.Finish(process);
            Assert.Equal(130, halted.ExitCode);
            Assert.Contains("--resume", halted.Error, StringComparison.Ordinal);
        }
        Assert.False(File.Exists(folder.File("halted/encoder.safetensors")));
        Assert.Equal(0, (await Run.ToolIn(folder, "pretrain", Run.Sample("test.tar"), "--out", "halted", "--resume")).ExitCode);
        Assert.Equal(0, (await Run.ToolIn(folder, [.. command, "--out", "whole"])).ExitCode);
        Assert.Equal(File.ReadAllBytes(folder.File("whole/encoder.safetensors")), File.ReadAllBytes(folder.File("halted/encoder.safetensors")));
    }

    [Theory]
    [InlineData("ONEDNN_MAX_CPU_ISA", "AVX512_CORE", "DOTNET_EnableAVX512", "0")]
    [InlineData("MKL_CBWR", "AVX2", "DOTNET_EnableAVX2", "0")]
    [InlineData("OMP_NUM_THREADS", "3", "ATEN_CPU_CAPABILITY", "default")]
    public async Task Deterministic_runs_end_with_the_same_bits_whatever_kernels_the_processor_would_choose(string name, string value, string other, string otherValue)
    {
        using var folder = new TemporaryFolder();
        string[] command = ["pretrain", Run.Sample("test.tar"), "--views", "satellite", "--image-size", "16", "--encoder", "resnet10", "--width", "16", "--batch", "50", "--epochs", "1", "--deterministic"];
        (await Run.Tool([.. command, "--out", folder.File("one")])).Succeeded();
        (await Run.Tool([.. command, "--out", folder.File("other")], (name, value), (other, otherValue))).Succeeded();
        Assert.Equal(File.ReadAllBytes(folder.File("one/encoder.safetensors")), File.ReadAllBytes(folder.File("other/encoder.safetensors")));
    }

    [Fact]
    public async Task A_clock_that_jumps_back_and_forth_changes_nothing()
    {
        const string FakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
        Assert.SkipUnless(File.Exists(FakeTime), "libfaketime (Debian's package faketime) is not installed");
        using var folder = new TemporaryFolder();
        string[] command = ["pretrain", Run.Sample("test.tar"), .. Small, "--epochs", "25"];
        (await Run.Tool([.. command, "--out", folder.File("whole")])).Succeeded();
        string jumping = folder.File("time");
        File.WriteAllText(jumping, "+40d");
        using (Process process = Run.Start("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Diptych.Cli.dll"), .. command, "--out", folder.File("halted")], null,
            ("LD_PRELOAD", FakeTime), ("FAKETIME_TIMESTAMP_FILE", jumping), ("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")))
        {
            while (process.StandardError.ReadLine() is { } line && !line.StartsWith("step", StringComparison.Ordinal))
            {
            }
            File.WriteAllText(jumping, "-300d");
            await Task.Delay(300, TestContext.Current.CancellationToken);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        DateTime logged = DateTime.Parse(File.ReadLines(folder.File("halted/log.txt")).First().Split('Z')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(logged > DateTime.UtcNow.AddDays(30), $"The clock did not jump: {logged:u}");
        (await Run.Tool(["pretrain", Run.Sample("test.tar"), "--out", folder.File("halted"), "--resume"])).Succeeded();
        Assert.Equal(File.ReadAllBytes(folder.File("whole/encoder.safetensors")), File.ReadAllBytes(folder.File("halted/encoder.safetensors")));
    }

    [Fact]
    public async Task Resuming_with_other_settings_lists_every_difference()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(0, (await Run.ToolIn(folder, ["pretrain", Run.Sample("test.tar"), .. Small, "--epochs", "1", "--out", "run"])).ExitCode);
        Run result = await Run.ToolIn(folder, "pretrain", Run.Sample("test.tar"), "--out", "run", "--resume", "--loss", "dclw", "--epochs", "9", "--workers", "2");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("--loss is dclw here and dcl there", result.Error, StringComparison.Ordinal);
        Assert.Contains("--epochs is 9 here and 1 there", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("--workers", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_goes_on_from_another_folder_and_with_its_images_moved()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("here"));
        File.Copy(Run.Sample("test.tar"), folder.File("here/set.tar"));
        string[] command = ["pretrain", "set.tar", .. Small[..^2], "--views", "../v.json", "--epochs", "30", "--checkpoint-every", "5"];
        File.WriteAllText(folder.File("v.json"), """{"size": 8}""");
        using (Process process = Run.Start("dotnet", ["exec", Run.ToolPath, .. command, "--out", "../run"], folder.File("here")))
        {
            while (!process.HasExited && (!Directory.Exists(folder.File("run/checkpoints")) || Directory.GetDirectories(folder.File("run/checkpoints"), "step-????????").Length == 0))
                await Task.Delay(20, TestContext.Current.CancellationToken);
            process.Kill();
            await Run.Finish(process);
        }
        File.Move(folder.File("here/set.tar"), folder.File("moved.tar"));
        Assert.Contains("holds other images", (await Run.ToolIn(folder, "pretrain", Run.Sample("train.tar"), "--views", "v.json", "--out", "run", "--resume")).Error, StringComparison.Ordinal);
        (await Run.ToolIn(folder, "pretrain", "moved.tar", "--views", "v.json", "--out", "run", "--resume")).Succeeded();
        Assert.True(File.Exists(folder.File("run/encoder.safetensors")));
    }

    [Fact]
    public async Task A_step_that_failed_is_made_again_by_inspect()
    {
        using var folder = new TemporaryFolder();
        Run failed = await Run.ToolIn(folder, ["pretrain", Run.Sample("test.tar"), .. Small, "--epochs", "1", "--warmup-epochs", "0", "--learning-rate", "1e25", "--out", "run"]);
        Assert.Equal(2, failed.ExitCode);
        string bundle = Path.GetFileName(Assert.Single(Directory.GetDirectories(folder.File("run"), "failure-step-*")));
        Assert.Contains($"`diptych inspect run/{bundle}` makes the step again.", failed.Error, StringComparison.Ordinal);
        Assert.Contains("replayed: ", (await Run.ToolIn(folder, "inspect", $"run/{bundle}")).Succeeded(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_images_that_were_learned_turned_are_recognized_unturned()
    {
        using var folder = new TemporaryFolder();
        Tiles.Unpack(Run.Sample("train.tar"), folder.File("labelled"), perClass: 3);
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("learned"), perClass: 4);
        byte[] turned = [0xFF, 0xE1, 0, 34, .. "Exif\0\0"u8, .. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
        foreach (string file in Directory.GetFiles(folder.File("learned"), "*", SearchOption.AllDirectories))
            File.WriteAllBytes(file, [.. File.ReadAllBytes(file)[..2], .. turned, .. File.ReadAllBytes(file)[2..]]);
        (await Run.ToolIn(folder, ["pretrain", "learned", .. Small[..4], "--views", "satellite", "--batch", "20", "--epochs", "1", "--supervised", "--exif-orientation", "--out", "run"])).Succeeded();
        foreach (string[] asked in (string[][])[[], ["--exif-orientation"]])
        {
            Run evaluated = await Run.ToolIn(folder, ["evaluate", "run", "--train", "labelled", "--test", "learned", "--labels-per-class", "2", .. asked]);
            Assert.Equal(2, evaluated.ExitCode);
            Assert.Contains("The encoder learned from 40 of the 40 images of learned, with their labels.", evaluated.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Names_that_are_not_UTF_8_are_told()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems have no such names");
        using var folder = new TemporaryFolder();
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("photos"), perClass: 1);
        string photo = Directory.GetFiles(folder.File("photos"), "*", SearchOption.AllDirectories)[0];
        (await Run.Command("sh", ["-c", "cp \"$0\" \"$(printf '\\376').jpg\" && cp \"$0\" \"$(printf '\\377').jpg\"", photo], folder.File("photos"))).Succeeded();
        Run inspected = await Run.ToolIn(folder, "inspect", "photos", "--check");
        (await Run.Command("rm", ["-r", "photos"], folder.Path)).Succeeded(); // .NET finds no such files
        Assert.Equal(2, inspected.ExitCode);
        Assert.Contains("unreadable:\n  \uFFFD.jpg: its name is not UTF-8\n  \uFFFD.jpg (2): its name is not UTF-8", inspected.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Views_draws_a_contact_sheet()
    {
        using var folder = new TemporaryFolder();
        Run result = await Run.ToolIn(folder, "views", Run.Sample("test.tar"), "--views", "satellite", "--count", "3", "--out", "sheet.png");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal([0x89, 0x50, 0x4E, 0x47], File.ReadAllBytes(folder.File("sheet.png"))[..4]);
        Run again = await Run.ToolIn(folder, "views", Run.Sample("test.tar"), "--views", "satellite", "--count", "3", "--out", "again.png");
        Assert.Equal(0, again.ExitCode);
        Assert.Equal(File.ReadAllBytes(folder.File("sheet.png")), File.ReadAllBytes(folder.File("again.png")));
    }

    [Fact]
    public async Task Gray_views_train_an_encoder_of_one_channel()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(0, (await Run.ToolIn(folder, ["pretrain", Run.Sample("test.tar"), .. Small[..^2], "--views", "gray", "--epochs", "1", "--out", "run"])).ExitCode);
        Assert.Contains("conv1.weight: F32 [4, 1, 3, 3]", (await Run.ToolIn(folder, "inspect", "run/encoder.safetensors")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await Run.ToolIn(folder, "evaluate", "run", "--nearest-neighbour", "--train", Run.Sample("train.tar"), "--test", Run.Sample("test.tar"))).ExitCode);
    }

    [Fact]
    public async Task Inspect_counts_the_classes_of_an_image_set()
    {
        using var folder = new TemporaryFolder();
        Run result = await Run.ToolIn(folder, "inspect", Run.Sample("train.tar"), "--json");
        using var json = JsonDocument.Parse(result.Output);
        Assert.Equal(5000, json.RootElement.GetProperty("count").GetInt32());
        Assert.Equal(10, json.RootElement.GetProperty("classes").EnumerateObject().Count());
        Assert.All(json.RootElement.GetProperty("classes").EnumerateObject(), c => Assert.Equal(500, c.Value.GetInt32()));
    }

    [Fact]
    public async Task Help_shows_examples_of_every_command()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("pretrain", (await Run.ToolIn(folder)).Output, StringComparison.Ordinal);
        foreach (string command in new[] { "pretrain", "evaluate", "embed", "report", "compare", "sweep", "views", "pack", "inspect", "list", "demo" })
        {
            Run help = await Run.ToolIn(folder, command, "--help");
            Assert.Equal(0, help.ExitCode);
            Assert.Contains($"Examples:{Environment.NewLine}  diptych {command}", help.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_demo_trains_measures_and_names_the_next_steps()
    {
        using var folder = new TemporaryFolder();
        Run result = await Run.ToolIn(folder, "demo", "--epochs", "1");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("raw pixels", result.Output, StringComparison.Ordinal);
        Assert.Contains("untrained encoder", result.Output, StringComparison.Ordinal);
        Assert.Contains("The run is in runs/demo", result.Error, StringComparison.Ordinal);
        Assert.Contains("diptych pretrain PHOTOS", result.Error, StringComparison.Ordinal);
    }
}
