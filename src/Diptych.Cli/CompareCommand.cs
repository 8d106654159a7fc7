using System.CommandLine;
using Diptych.Reports;

namespace Diptych.Cli;

/// <summary><c>diptych compare</c>: runs side by side.</summary>
internal sealed class CompareCommand : ToolCommand
{
    private readonly Argument<string[]> _runs = new("RUN") { Description = "Run folders, or folders of run folders.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _plots = new("--plots") { Description = "A folder for the curves, and for each figure against every numeric setting that differs, as PNG files" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object instead of a table" };

    public CompareCommand() : base("compare", "Show runs side by side; those that differ in their seed only are one row, mean ± sd.")
    {
        Arguments.Add(_runs);
        Options.Add(_plots);
        Options.Add(_json);
    }

    public override IReadOnlyList<string> Examples { get; } = ["diptych compare runs/tiles-1 runs/tiles-2 runs/tiles-3", "diptych compare runs/sweep --plots runs/sweep/plots"];

    public override int Run(ParseResult parse)
    {
        var comparison = new RunComparison([.. parse.GetValue(_runs)!.SelectMany(RunSummary.Find).DistinctBy(RealPath.Of).Select(RunSummary.Read)]);
        if (parse.GetValue(_plots) is { } written)
            foreach (string images in comparison.Groups.SelectMany(group => group.Runs).Select(run => run.Options.Images).Distinct().Where(Path.IsPathRooted)) // others are named from a folder that is not known
                WrittenPath.MustBeOutside(written, images, _plots.Name);
        Console.Out.WriteLine(parse.GetValue(_json) ? comparison.ToJson() : comparison.ToMarkdown());
        if (parse.GetValue(_plots) is { } folder)
            Console.Error.WriteLine($"Plots: {string.Join(", ", WritePlots(comparison, folder))}");
        return Tool.Done;
    }

    /// <summary>Writes the plots; a folder that cannot be written is the user's to know of.</summary>
    public static IReadOnlyList<string> WritePlots(RunComparison comparison, string folder) => WritePlots(() => ComparisonPlots.Write(comparison, folder), folder);

    /// <inheritdoc cref="WritePlots(RunComparison, string)"/>
    public static IReadOnlyList<string> WritePlots(Func<IReadOnlyList<string>> write, string folder)
    {
        try
        {
            return write();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{folder} cannot be written: {exception.Message} Choose another folder for the plots.", exception);
        }
    }
}
