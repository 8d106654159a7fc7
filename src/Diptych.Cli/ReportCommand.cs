using System.CommandLine;
using Diptych.Data;
using Diptych.Reports;

namespace Diptych.Cli;

/// <summary><c>diptych report</c>: a run to look at.</summary>
internal sealed class ReportCommand : ToolCommand
{
    private const int UsualCount = 2000;

    private readonly Argument<string> _run = new("RUN") { Description = "A finished run folder; evaluate it first to have its figures in the report." };
    private readonly Option<string> _images = new("--images") { Description = "Images to show, with their labels where they have any [those of the run]" };
    private readonly Option<int> _count = new("--count") { Description = $"How many of them at most, drawn at random; 10,000 make a file of less than 20 MB [{UsualCount}]" };
    private readonly Option<bool> _skipUnreadable = ReadableImages.SkipOption();
    private readonly Option<string> _png = new("--png") { Description = "A folder for the plots as PNG files too" };
    private readonly Option<string> _out = new("--out") { Description = "The page to write [RUN/report.html]" };

    public ReportCommand() : base("report", "Write one HTML file that shows a run: curves, views, neighbours, a map of its features, confusion, settings.")
    {
        Arguments.Add(_run);
        foreach (Option option in new Option[] { _images, _count, _skipUnreadable, _png, _out })
            Options.Add(option);
    }

    public override IReadOnlyList<string> Examples { get; } = ["diptych report runs/demo", "diptych report runs/photos --images labelled/test --count 10000 --png plots --out photos.html"];

    public override IEnumerable<string> FindMistakes(ParseResult parse)
    {
        if (Value(parse, _count, UsualCount) < 4)
            yield return $"--count must be at least 4, but it is {parse.GetValue(_count)}.";
    }

    public override int Run(ParseResult parse)
    {
        string path = parse.GetValue(_run)!;
        RunSummary run = RunSummary.Read(path);
        string images = parse.GetValue(_images) ?? run.Options.Images;
        if (!IsGiven(parse, _images) && !ImageSource.IsThere(images))
            throw new InvalidInputException($"The images of the run, {images}, are not there. Name images to show with --images.");
        string page = parse.GetValue(_out) ?? Path.Combine(path, "report.html");
        WrittenPath.MustNotReplace(page, images);
        if (parse.GetValue(_png) is { } plots)
            WrittenPath.MustBeOutside(plots, images, _png.Name);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(page))!); // known before anything is computed
        using IImageSource source = ReadableImages.Open(images, run.Options.ExifOrientation, run.Options.SkipUnreadable || parse.GetValue(_skipUnreadable));
        TorchRuntime.Load();
        using var report = new RunReport(run, source, Value(parse, _count, UsualCount));
        report.Write(page);
        Console.Error.WriteLine($"{page}: {new FileInfo(RealPath.Of(page)).Length:N0} bytes. Open it in a browser.");
        if (parse.GetValue(_png) is { } folder)
            Console.Error.WriteLine($"Plots: {string.Join(", ", CompareCommand.WritePlots(() => ReportPlots.Write(run, report, folder), folder))}");
        return Tool.Done;
    }
}
