using System.IO.Compression;

namespace Diptych.Cli.Tests;

/// <summary>Every mistake of a user ends with exit code 2 and one message on stderr that says what to do.</summary>
public sealed class MistakeTests
{
    private static async Task<string> Refused(TemporaryFolder folder, params string[] arguments)
    {
        Run result = await Run.ToolIn(folder, arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal); // no stack trace
        Assert.False(Directory.Exists(folder.File("runs")));
        return result.Error;
    }

    [Fact]
    public async Task All_mistakes_of_one_command_come_together()
    {
        using var folder = new TemporaryFolder();
        string error = await Refused(folder, "pretrain", "photos", "--loss", "dlc", "--batch", "many", "--temperature", "0", "--epoch", "3", "--method", "simcrl");
        Assert.Contains("--batch needs a whole number, but it is 'many'.", error, StringComparison.Ordinal);
        Assert.Contains("Unknown loss 'dlc'. Known losses: infonce, dcl, dclw. Did you mean 'dcl'?", error, StringComparison.Ordinal);
        Assert.Contains("Unknown method 'simcrl'. Known methods: simclr, moco, nnclr. Did you mean 'simclr'?", error, StringComparison.Ordinal);
        Assert.Contains("Did you mean '--epochs'?", error, StringComparison.Ordinal);
        Assert.Contains("Try: diptych pretrain --help", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_temperature_is_told()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("emperature", await Refused(folder, "pretrain", "photos", "--temperature", "-1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mistakes_in_a_recipe_are_told_with_what_was_probably_meant()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("r.json"), """{"epochz": 3, "batch": "many"}""", TestContext.Current.CancellationToken);
        string error = await Refused(folder, "pretrain", "photos", "--recipe", "r.json");
        Assert.Contains("Unknown key 'epochz'. Did you mean 'epochs'?", error, StringComparison.Ordinal);
        Assert.Contains("'batch' cannot be \"many\".", error, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'cifar10-moco'?", await Refused(folder, "pretrain", "photos", "--recipe", "cifar10-mocco"), StringComparison.Ordinal);
        Assert.Contains("Did you mean 'recipes'?", await Refused(folder, "list", "recipe"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Weights_of_which_nothing_fits_are_refused_before_a_folder_is_made()
    {
        using var folder = new TemporaryFolder();
        Run trained = await Run.ToolIn(folder, "pretrain", Run.Sample("test.tar"), "--width", "4", "--image-size", "8", "--batch", "500", "--epochs", "1", "--out", "first");
        Assert.Equal(0, trained.ExitCode);
        Assert.Contains("--weights names nowhere.safetensors, but there is no such file.", await Refused(folder, "pretrain", Run.Sample("test.tar"), "--weights", "nowhere.safetensors"), StringComparison.Ordinal);
        string[] command = ["pretrain", Run.Sample("test.tar"), "--weights", "first/encoder.safetensors", "--image-size", "8", "--batch", "500", "--epochs", "1"];
        Assert.Contains("None of the 120 tensors in first/encoder.safetensors fits the encoder resnet50", await Refused(folder, [.. command, "--encoder", "resnet50", "--width", "5"]), StringComparison.Ordinal);
        Run started = await Run.ToolIn(folder, [.. command, "--width", "4", "--out", "second"]);
        Assert.Contains("120 of 120 tensors match", started.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_command_is_told_with_a_near_miss()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("Unknown command 'pretrian'. Known commands: pretrain, evaluate, embed, report, compare, sweep, views, pack, inspect, list, demo. Did you mean 'pretrain'?", await Refused(folder, "pretrian"), StringComparison.Ordinal);
        Assert.DoesNotContain("'photos'", await Refused(folder, "pretrian", "photos", "--batch", "4"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_value_is_told_by_its_name()
    {
        using var folder = new TemporaryFolder();
        Assert.StartsWith("--out needs a value, but it is empty.", await Refused(folder, "pretrain", Run.Sample("test.tar"), "--out", ""), StringComparison.Ordinal);
        Assert.StartsWith("IMAGES is empty: ", await Refused(folder, "pack", "", "--out", "x.pack"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_where_a_folder_is_meant_is_told_without_a_stack_trace()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("small-machine"), "no recipe"); // beside a name that the tool knows
        Directory.CreateDirectory(folder.File("run/recipe.json"));
        Assert.Contains("run", await Refused(folder, "compare", "run"), StringComparison.Ordinal);
        Assert.Contains("--epochs must be from 1", await Refused(folder, "demo", "--epochs", "0"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_argument_is_told()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("IMAGES is missing", await Refused(folder, "pretrain"), StringComparison.Ordinal);
        string error = await Refused(folder, "evaluate");
        Assert.Contains("RUN is missing", error, StringComparison.Ordinal);
        Assert.Contains("--data FOLDER", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decimal_comma_is_refused()
    {
        using var folder = new TemporaryFolder();
        WriteTiles(folder.File("photos"), 4);
        string error = await Refused(folder, "pretrain", "photos", "--temperature", "0,1", "--weight-decay", "1,5", "--learning-rate", "1e-2");
        Assert.Contains("--temperature needs a number, but it is '0,1'. Decimals stand behind a point: 0.1.", error, StringComparison.Ordinal);
        Assert.Contains("--weight-decay needs a number, but it is '1,5'.", error, StringComparison.Ordinal);
        Assert.DoesNotContain("--learning-rate", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_without_effect_are_refused()
    {
        using var folder = new TemporaryFolder();
        WriteTiles(folder.File("photos"), 4);
        string error = await Refused(folder, "pretrain", "photos", "--momentum", "0.9", "--support-set", "9", "--sigma", "1", "--temperature-schedule", "linear", "--epochs", "2", "--evaluate-every", "3");
        Assert.Contains("--momentum belongs to moco, but --method is simclr. Leave it out, or use --method moco.", error, StringComparison.Ordinal);
        Assert.Contains("--support-set belongs to nnclr", error, StringComparison.Ordinal);
        Assert.Contains("--sigma belongs to dclw, but --loss is dcl.", error, StringComparison.Ordinal);
        Assert.Contains("--temperature-end, which is missing", error, StringComparison.Ordinal);
        Assert.Contains("--evaluate-every is 3 epochs, but there are only 2", error, StringComparison.Ordinal);
        error = await Refused(folder, "evaluate", "run", "--data", "photos", "--learning-rate", "1", "--epochs", "3");
        Assert.Contains("--learning-rate belongs to --fine-tune.", error, StringComparison.Ordinal);
        Assert.Contains("--epochs belongs to --fine-tune and --augmented-probe.", error, StringComparison.Ordinal);
        error = await Refused(folder, "evaluate", "run", "--data", "photos", "--clusters", "--k", "5", "--choose", "--draws", "3");
        Assert.Contains("--k belongs to --nearest-neighbour.", error, StringComparison.Ordinal);
        Assert.Contains("--choose belongs to --nearest-neighbour.", error, StringComparison.Ordinal);
        Assert.Contains("--draws is for classifiers, and none was asked for.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_read_is_not_written_over()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Run.Sample("test.tar"), folder.File("set.tar"));
        WriteTiles(folder.File("photos"), 8);
        Assert.Contains("--out is photos/new.png, which lies among the images in photos", await Refused(folder, "pack", "photos", "--out", "photos/new.png"), StringComparison.Ordinal);
        File.WriteAllText(folder.File("labels.bin"), "labels");
        Assert.Contains("--out is labels.bin, which exists and is no packed file.", await Refused(folder, "pack", "photos", "--out", "labels.bin"), StringComparison.Ordinal);
        (await Run.ToolIn(folder, "pretrain", folder.File("photos"), "--width", "4", "--image-size", "8", "--batch", "4", "--epochs", "1", "--out", "run")).Succeeded();
        Assert.Contains("--out is set.tar, and that is what the images are read from.", await Refused(folder, "report", "run", "--images", "set.tar", "--out", "set.tar"), StringComparison.Ordinal);
        Assert.Contains("--png is photos/plots, which lies among the images in ", await Refused(folder, "report", "run", "--png", "photos/plots"), StringComparison.Ordinal);
        (await Run.ToolIn(folder, "compare", "run", "--plots", "photos/.plots")).Succeeded(); // no image is looked for there
        Assert.Contains("--plots is photos, which lies among the images in ", await Refused(folder, "compare", "run", "--plots", "photos"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_that_is_not_there_is_told()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("'photos'", await Refused(folder, "pretrain", "photos"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_folder_is_refused()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("photos"));
        Assert.Contains("Folder 'photos' is empty", await Refused(folder, "pretrain", "photos"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_with_one_image_is_refused()
    {
        using var folder = new TemporaryFolder();
        WriteTiles(folder.File("photos"), 1);
        Assert.Contains("one image", await Refused(folder, "pretrain", "photos"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fewer_images_than_a_batch_are_refused_with_the_batch_to_use()
    {
        using var folder = new TemporaryFolder();
        WriteTiles(folder.File("photos"), 3);
        Assert.Contains("Use --batch 3 or less", await Refused(folder, "pretrain", "photos"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unreadable_images_are_counted_and_named_before_training()
    {
        using var folder = new TemporaryFolder();
        WriteTiles(folder.File("photos"), 198);
        File.WriteAllText(folder.File("photos/notes.jpg"), "These are my notes.");
        byte[] whole = File.ReadAllBytes(folder.File("photos/0.jpg"));
        File.WriteAllBytes(folder.File("photos/cut.jpg"), whole[..(whole.Length / 2)]);
        string error = await Refused(folder, "pretrain", "photos", "--batch", "4");
        Assert.Contains("2 of 200 images", error, StringComparison.Ordinal);
        Assert.Contains("notes.jpg", error, StringComparison.Ordinal);
        Assert.Contains("cut.jpg", error, StringComparison.Ordinal);
        Assert.Contains("--skip-unreadable", error, StringComparison.Ordinal);

        Run skipped = await Run.ToolIn(folder, "pretrain", "photos", "--batch", "4", "--skip-unreadable", "--epochs", "1", "--width", "4", "--image-size", "8", "--out", "run");
        Assert.Equal(0, skipped.ExitCode);
        Assert.Contains("simclr with dcl on 198 images", skipped.Error, StringComparison.Ordinal);
        Assert.Contains("Left out: notes.jpg: ", skipped.Error, StringComparison.Ordinal);
        Assert.Contains("Left out: cut.jpg: ", await File.ReadAllTextAsync(folder.File("run/log.txt"), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        // What was left out of the run is left out where its images are looked at again.
        Run reported = await Run.ToolIn(folder, "report", "run", "--count", "50");
        Assert.True(reported.ExitCode == 0, reported.Error);
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("labelled"), perClass: 10);
        string[] evaluate = ["evaluate", "run", "--train", "labelled", "--test", Run.Sample("test.tar"), "--allow-overlap", "--no-baselines"];
        File.Copy(folder.File("photos/cut.jpg"), Path.Combine(Directory.GetDirectories(folder.File("labelled")).Order().First(), "cut.jpg"));
        Assert.Contains("cut.jpg", (await Run.ToolIn(folder, evaluate)).Error, StringComparison.Ordinal);
        Run evaluated = await Run.ToolIn(folder, [.. evaluate, "--skip-unreadable"]);
        Assert.True(evaluated.ExitCode == 0, evaluated.Error);
        Assert.Contains("cut.jpg: premature end of JPEG", evaluated.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_huge_picture_is_refused_from_its_header()
    {
        using var folder = new TemporaryFolder();
        WriteTiles(folder.File("photos"), 4);
        File.WriteAllBytes(folder.File("photos/huge.png"), HugePng());
        Assert.Contains("huge.png", await Refused(folder, "pretrain", "photos", "--batch", "2"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train-images-idx3-ubyte")]
    [InlineData("train-images-idx3-ubyte.gz")]
    [InlineData("data_batch_1.bin")]
    public async Task A_data_file_cut_short_is_refused(string name)
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = name.StartsWith("train", StringComparison.Ordinal)
            ? [0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 28, 0, 0, 0, 28, .. new byte[1000]]
            : new byte[3073 * 5 - 100];
        using (Stream file = File.Create(folder.File(name)))
        using (Stream target = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file)
            target.Write(bytes);
        Assert.Contains(name, await Refused(folder, "pretrain", name, "--batch", "2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_is_no_run_is_refused()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("empty"));
        string sample = Path.GetDirectoryName(Run.Sample("train.tar"))!;
        Assert.Contains("empty is not a run folder", await Refused(folder, "evaluate", "empty", "--data", sample), StringComparison.Ordinal);
        Assert.Contains("There is no run folder nowhere", await Refused(folder, "evaluate", "nowhere", "--data", sample), StringComparison.Ordinal);
        Assert.Contains("There is no run folder nowhere", await Refused(folder, "pretrain", Run.Sample("test.tar"), "--out", "nowhere", "--resume"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_evaluation_that_would_mean_nothing_is_refused_before_it_begins()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(0, (await Run.ToolIn(folder, "pretrain", Run.Sample("test.tar"), "--width", "4", "--image-size", "8", "--batch", "500", "--epochs", "1", "--out", "run")).ExitCode);
        Tiles.Unpack(Run.Sample("train.tar"), folder.File("data/train"), perClass: 10);
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("data/test"), perClass: 3);
        WriteTiles(folder.File("photos"), 4);
        Assert.Contains("photos has no labels", await Refused(folder, "evaluate", "run", "--train", "data/train", "--test", "photos"), StringComparison.Ordinal);
        Assert.Contains("give one", await Refused(folder, "evaluate", "run", "--data", "data", "--label-fraction", "0.1", "--labels-per-class", "3"), StringComparison.Ordinal);
        Assert.Contains("--k needs whole numbers, separated by commas, but it is '1,many'", await Refused(folder, "evaluate", "run", "--data", "data", "--k", "1,many"), StringComparison.Ordinal);

        string tile = Directory.GetFiles(folder.File("data/train/River"))[0];
        File.Copy(tile, folder.File("data/test/River/renamed.jpg"));
        string overlap = await Refused(folder, "evaluate", "run", "--data", "data");
        Assert.Contains("1 of the 31 images", overlap, StringComparison.Ordinal);
        Assert.Contains($"River/renamed.jpg is also River/{Path.GetFileName(tile)}", overlap, StringComparison.Ordinal);
        Run allowed = await Run.ToolIn(folder, "evaluate", "run", "--data", "data", "--allow-overlap", "--json");
        Assert.Contains("River/renamed.jpg is also", allowed.Succeeded(), StringComparison.Ordinal);

        File.Delete(folder.File("data/test/River/renamed.jpg"));
        // From elsewhere the images of the run are not found: no figure comes without a word of that, and none of a run that saw labels.
        Directory.CreateDirectory(folder.File("else where"));
        File.Copy(Run.Sample("test.tar"), folder.File("else where/tiles.tar"));
        Run here = await Run.Command("dotnet", ["exec", Run.ToolPath, "pretrain", "tiles.tar", "--supervised", "--width", "4", "--image-size", "8", "--batch", "500", "--epochs", "1", "--out", "run"], folder.File("else where"));
        Assert.Equal(0, here.ExitCode);
        string[] evaluate = ["evaluate", "else where/run", "--data", "data", "--no-baselines"];
        Assert.Contains("could not be checked: tiles.tar", await Refused(folder, [.. evaluate]), StringComparison.Ordinal);
        Assert.Contains("tiles.tar, which it learned from, is not there", (await Run.ToolIn(folder, [.. evaluate, "--allow-overlap", "--json"])).Succeeded(), StringComparison.Ordinal);
        File.Delete(folder.File("else where/run/encoder.safetensors"));
        Assert.Contains("diptych pretrain tiles.tar --out \"else where/run\" --resume", await Refused(folder, [.. evaluate]), StringComparison.Ordinal);

        Directory.Delete(folder.File("data/train/River"), recursive: true);
        Directory.CreateDirectory(folder.File("data/train/River"));
        Assert.Contains("Only one of them has River.", await Refused(folder, "evaluate", "run", "--data", "data"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pack", "photos.tar", "photos.tar", "that is what the images are read from")]
    [InlineData("pack", "photos.tar/a", "./photos.tar", "that is what the images are read from")]
    [InlineData("pack", "photos", "link/1.png", "that is what the images are read from")]
    [InlineData("views", "photos/1.png", "photos/1.png", "that is what the images are read from")]
    [InlineData("views", "photos", "photos/sheet.png", "lies among the images in photos")]
    [InlineData("views", "photos", "photos", "lies among the images in photos")]
    [InlineData("views", "photos", "sheet.jpg", "a contact sheet is a .png file")]
    public async Task Nothing_is_written_over_the_images(string command, string images, string written, string expected)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("photos"));
        File.Copy(Repository.Image("gray.png"), folder.File("photos/1.png"));
        await File.WriteAllTextAsync(folder.File("photos.tar"), "tar", TestContext.Current.CancellationToken);
        Directory.CreateSymbolicLink(folder.File("link"), "photos");
        string[] before = Contents();
        Assert.Contains(expected, await Refused(folder, command, images, "--out", written), StringComparison.Ordinal);
        Assert.Equal(before, Contents());

        string[] Contents() => [.. Directory.GetFiles(folder.File("."), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(f => $"{f} {Convert.ToHexString(File.ReadAllBytes(f))}")];
    }

    [Theory]
    [InlineData("pretrain")]
    [InlineData("views")]
    [InlineData("inspect")]
    public async Task A_decoder_that_is_not_there_is_told_before_anything_is_made(string command)
    {
        using var folder = new TemporaryFolder();
        Run result = await Run.Command("dotnet", ["exec", Run.ToolPath, command, Run.Sample("test.tar")], folder.Path, ("DIPTYCH_LIBTURBOJPEG", "/nowhere.so"));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("DIPTYCH_LIBTURBOJPEG names '/nowhere.so'", result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.File(".")));
    }

    [Fact]
    public async Task A_folder_is_no_file_to_pack_into()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("packs"));
        Assert.Contains($"--out is packs, a folder. Name the file to write: {Path.Combine("packs", "images.pack")}.", await Refused(folder, "pack", Run.Sample("test.tar"), "--out", "packs"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_used_run_folder_is_not_overwritten()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("run"));
        File.WriteAllText(folder.File("run/thesis.txt"), "mine");
        Assert.Contains("run holds files already. Pass --resume", await Refused(folder, "pretrain", Run.Sample("test.tar"), "--out", "run"), StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(folder.File("run/thesis.txt")));
    }

    [Fact]
    public async Task Too_little_memory_is_said_with_what_to_lower()
    {
        using var folder = new TemporaryFolder();
        Run result = await Run.Tool(["pretrain", Run.Sample("test.tar"), "--batch", "500", "--image-size", "224", "--views", "satellite", "--out", folder.File("run")], ("DOTNET_GCHeapHardLimit", "0x8000000"));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("There is not enough memory: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("Use a smaller --batch", result.Error, StringComparison.Ordinal);
        // Nothing was learned, so that other settings may have the folder.
        Assert.Contains("Finished", (await Run.ToolIn(folder, "pretrain", Run.Sample("test.tar"), "--batch", "500", "--image-size", "8", "--width", "4", "--epochs", "1", "--out", "run")).Error, StringComparison.Ordinal);
    }

    internal static void WriteTiles(string folder, int count)
    {
        Directory.CreateDirectory(folder);
        using var tar = new System.Formats.Tar.TarReader(File.OpenRead(Run.Sample("test.tar")));
        for (int i = 0; i < count; i++)
        {
            var entry = tar.GetNextEntry()!;
            while (entry.DataStream is null)
                entry = tar.GetNextEntry()!;
            entry.ExtractToFile(Path.Combine(folder, $"{i}.jpg"), overwrite: true);
        }
    }

    // Signature and IHDR of a 30,000 x 30,000 RGB picture, with an empty IDAT behind them.
    private static byte[] HugePng()
    {
        byte[] header = [0x49, 0x48, 0x44, 0x52, 0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30, 8, 2, 0, 0, 0];
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, .. header, .. Crc(header), 0, 0, 0, 0, .. (byte[])[0x49, 0x44, 0x41, 0x54], .. Crc([0x49, 0x44, 0x41, 0x54])];
    }

    private static byte[] Crc(byte[] bytes)
    {
        uint crc = 0xFFFFFFFF;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
        }
        return [(byte)(~crc >> 24), (byte)(~crc >> 16), (byte)(~crc >> 8), (byte)~crc];
    }
}
