using System.Globalization;
using Diptych.Evaluation;

namespace Diptych.Cli;

/// <summary>Prints figures with their protocol, as a table or as JSON, on stdout.</summary>
internal static class EvaluationTable
{
    private static readonly (string Title, Func<EvaluationRow, string> Cell)[] Columns =
    [
        ("features", r => r.Features),
        ("epoch", r => r.Epoch is null or 0 ? "" : $"{r.Epoch}"),
        ("classifier", r => r.Classifier),
        ("labels", r => $"{r.Labels} ({r.LabelCount:N0})"),
        ("k", r => r.Classifier != "nearest neighbour" ? "" : r.K is { } k ? $"{k}{Chosen(r)}" : "chosen"),
        ("temp.", r => r.Classifier != "nearest neighbour" ? "" : r.Temperature is { } t ? Format($"{t:G3}{Chosen(r)}") : "chosen"),
        ("penalty", r => r.Classifier != "linear probe" ? "" : r.Penalty is { } p ? Format($"{p:G1}{Chosen(r)}") : "chosen"),
        ("rate", r => r.Classifier is not ("augmented probe" or "fine-tuning") ? "" : r.LearningRate is { } rate ? Format($"{rate:G3}{Chosen(r)}") : "chosen"),
        ("split", r => Path.GetFileName(Path.TrimEndingDirectorySeparator(r.Split))),
        ("seed", r => $"{r.Seed}"),
        ("top-1 %", r => Format($"{100 * r.Accuracy:F2}") + (r.AccuracyDeviation is { } sd ? Format($" ± {100 * sd:F2}") : r.Metrics is { } m ? Format($" [{100 * m.Top1Interval.Low:F2}, {100 * m.Top1Interval.High:F2}]") : "")),
        ("top-5 %", r => r.Top5 is { } top5 ? Format($"{100 * top5:F2}") : ""),
        ("macro-F1 %", r => Format($"{100 * r.MacroF1:F2}")),
        ("ECE %", r => Format($"{100 * r.CalibrationError:F2}")),
    ];

    private static readonly (string Title, Func<FeatureFigures, string> Cell)[] FeatureColumns =
    [
        ("features", f => f.Features),
        ("effective rank", f => Format($"{f.EffectiveRank:F2}")),
        ("uniformity", f => Format($"{f.Uniformity:F3}")),
        ("mAP %", f => f.Retrieval is { } r ? Format($"{100 * r.MeanAveragePrecision:F2}") : ""),
        ("recall@1 / 5 / 10 %", f => f.Retrieval is { } r ? string.Join(" / ", r.Recall.OrderBy(p => p.Key).Select(p => Format($"{100 * p.Value:F2}"))) : ""),
        ("NMI", f => f.Clusters is { } c ? Format($"{c.NormalizedMutualInformation:F3}") : ""),
        ("ARI", f => f.Clusters is { } c ? Format($"{c.AdjustedRandIndex:F3}") : ""),
    ];

    public static void Print(EvaluationResult result, bool asJson)
    {
        if (asJson)
        {
            Console.Out.WriteLine(result.ToJson());
            return;
        }
        if (result.Results.Count > 0)
            Console.Out.WriteLine(Draw(result.Results, Columns) + Environment.NewLine);
        if (result.Features.Any(f => f.Retrieval is not null || f.Clusters is not null))
            Console.Out.WriteLine(Draw(result.Features, FeatureColumns) + Environment.NewLine);
        Console.Out.WriteLine($"learned from {result.Train}; split: {result.Test}");
        if (result.Results.Any(r => r.IsChosen))
            Console.Out.WriteLine("*: chosen on held-out labelled images, never on test images");
        Console.Out.WriteLine(result.Protocol);
    }

    // Columns that say nothing are left out.
    private static string Draw<T>(IReadOnlyList<T> rows, (string Title, Func<T, string> Cell)[] columns)
    {
        var cells = columns.Select(c => (string[])[c.Title, .. rows.Select(c.Cell)]).Where(c => c.Skip(1).Any(cell => cell.Length > 0)).ToArray();
        return string.Join(Environment.NewLine, Enumerable.Range(0, rows.Count + 1)
            .Select(row => string.Join("  ", cells.Select(column => column[row].PadRight(column.Max(cell => cell.Length)))).TrimEnd()));
    }

    private static string Chosen(EvaluationRow row) => row.IsChosen ? "*" : "";

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
