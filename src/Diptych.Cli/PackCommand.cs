using System.CommandLine;
using Diptych.Data;
using Diptych.Views;

namespace Diptych.Cli;

/// <summary><c>diptych pack</c>: many image files to one that reads faster.</summary>
internal sealed class PackCommand : ToolCommand
{
    private static readonly PackingOptions Defaults = new();

    private readonly Argument<string> _images = new("IMAGES") { Description = "Any image set that pretrain takes." };
    private readonly Option<int> _size = new("--size") { Description = $"Pixels of the shorter side; smaller images stay as they are [{Defaults.Size}]" };
    private readonly Option<string> _store = new("--store") { Description = $"jpeg, or raw: faster, and about ten times as large [{Defaults.Store}]" };
    private readonly Option<int> _quality = new("--quality") { Description = $"Quality of the JPEG files [{Defaults.Quality}]" };
    private readonly Option<int> _workers = new("--workers") { Description = "Threads [one a core]" };
    private readonly Option<bool> _exifOrientation = ReadableImages.OrientationOption();
    private readonly Option<bool> _skipUnreadable = ReadableImages.SkipOption();
    private readonly Option<string> _out = new("--out") { Description = "The file to write", Required = true };

    public PackCommand() : base("pack", "Store images, made smaller, in one file that reads faster.")
    {
        Arguments.Add(_images);
        foreach (Option option in new Option[] { _size, _store, _quality, _workers, _exifOrientation, _skipUnreadable, _out })
            Options.Add(option);
    }

    public override IReadOnlyList<string> Examples { get; } =
    [
        "diptych pack photos --size 256 --out photos.pack",
        "diptych pack photos --size 256 --store raw --out photos.pack",
    ];

    public override IEnumerable<string> FindMistakes(ParseResult parse) =>
        [.. MistakesOf(Apply(parse).Validate), .. IsGiven(parse, _quality) && Value(parse, _store, Defaults.Store) == "raw" ? ["--quality is that of JPEG files, and --store raw writes none. Leave one of them out."] : (string[])[]];

    public override int Run(ParseResult parse)
    {
        PackingOptions options = Apply(parse);
        string path = parse.GetValue(_out)!;
        WrittenPath.MustNotReplace(path, parse.GetValue(_images)!);
        if (Directory.Exists(path) || Path.EndsInDirectorySeparator(path))
            throw new InvalidInputException($"--out is {path}, a folder. Name the file to write: {Path.Combine(path, "images.pack")}.");
        // Labels and names of classes lie beside images, and no list of them would be whole.
        if (new FileInfo(RealPath.Of(path)) is { Exists: true, Length: > 0 } file && !ImageSource.IsPacked(file.FullName))
            throw new InvalidInputException($"--out is {path}, which exists and is no packed file. Choose another --out, or remove it.");
        using IImageSource source = ReadableImages.Open(parse.GetValue(_images)!, parse.GetValue(_exifOrientation), parse.GetValue(_skipUnreadable));
        using var signals = new StopSignals();
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            ImagePacking.Write(source, path, options, new ProgressLines(source.Count), signals.Token);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Interrupted; no file was written.");
            return Tool.Interrupted;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be written: {exception.Message} Make room, or choose another --out.", exception);
        }
        Console.Error.WriteLine($"{path}: {source.Count:N0} images, {new FileInfo(RealPath.Of(path)).Length:N0} bytes.");
        return Tool.Done;
    }

    private PackingOptions Apply(ParseResult parse) => new()
    {
        Size = Value(parse, _size, Defaults.Size),
        Store = Value(parse, _store, Defaults.Store),
        Quality = Value(parse, _quality, Defaults.Quality),
        Workers = Value(parse, _workers, Defaults.Workers),
    };
}
