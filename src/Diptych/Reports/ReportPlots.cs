using Diptych.Evaluation;
using ScottPlot;

namespace Diptych.Reports;

/// <summary>The plots of a report as pictures.</summary>
public static class ReportPlots
{
    private const int Side = 700, MostNames = 40;

    /// <summary>Writes <c>curves.png</c>, <c>map.png</c> (principal components, a colour a class) and, where the run was evaluated, <c>confusion.png</c>.</summary>
    /// <param name="run">The run.</param>
    /// <param name="report">Its report.</param>
    /// <param name="folder">Where to; made when missing.</param>
    /// <returns>The files.</returns>
    public static IReadOnlyList<string> Write(RunSummary run, RunReport report, string folder)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(report);
        PlotFont.Use();
        Directory.CreateDirectory(folder);
        var written = new List<string> { ComparisonPlots.Curves(new RunComparison([run]), Path.Combine(folder, "curves.png")), Map(report, Path.Combine(folder, "map.png")) };
        if (run.Evaluation?.Results.LastOrDefault(r => r.Metrics is not null && r.IsOfEncoder && !r.IsOfEmbedding) is { } row)
            written.Add(Confusion(row.Metrics!, row.Classifier, Path.Combine(folder, "confusion.png")));
        return written;
    }

    private static string Map(RunReport report, string path)
    {
        var (points, labels, classes) = report.Map();
        var plot = new Plot();
        foreach (var group in Enumerable.Range(0, labels.Length).GroupBy(i => labels[i]).OrderBy(g => g.Key))
        {
            var markers = plot.Add.Markers(group.Select(i => (double)points[2 * i]).ToArray(), group.Select(i => (double)points[2 * i + 1]).ToArray(), MarkerShape.FilledCircle, 4);
            markers.LegendText = group.Key >= 0 && classes!.Count <= MostNames ? classes[group.Key] : "";
        }
        PlotFont.Label(plot, "first principal component", "second principal component");
        if (classes is not null && classes.Count <= MostNames)
            plot.ShowLegend(Edge.Right);
        plot.SavePng(path, Side + 200, Side);
        return path;
    }

    // Shares of the true class, so that large classes do not hide small ones.
    private static string Confusion(ClassificationMetrics metrics, string title, string path)
    {
        int count = metrics.Confusion.Count;
        double[,] shares = new double[count, count];
        for (int i = 0; i < count; i++)
            for (int j = 0; j < count; j++)
                shares[i, j] = (double)metrics.Confusion[i][j] / Math.Max(1, metrics.Confusion[i].Sum());
        var plot = new Plot();
        plot.Title(title, size: 13);
        plot.Add.Heatmap(shares).Colormap = new ScottPlot.Colormaps.Blues().Reversed();
        if (count <= MostNames)
        {
            string[] names = [.. metrics.PerClass.Select(c => c.Name)];
            plot.Axes.Bottom.SetTicks([.. Enumerable.Range(0, count).Select(i => (double)i)], names);
            plot.Axes.Bottom.TickLabelStyle.Rotation = -60;
            plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleRight;
            plot.Axes.Bottom.MinimumSize = 160; // room for slanted names
            plot.Axes.Left.SetTicks([.. Enumerable.Range(0, count).Select(i => (double)(count - 1 - i))], names);
            for (int i = 0; i < count && count <= 20; i++)
                for (int j = 0; j < count; j++)
                {
                    if (metrics.Confusion[i][j] == 0)
                        continue;
                    var number = plot.Add.Text($"{metrics.Confusion[i][j]}", j, count - 1 - i);
                    number.LabelAlignment = Alignment.MiddleCenter;
                    number.LabelFontColor = shares[i, j] > 0.5 ? Colors.White : Colors.Black;
                }
        }
        PlotFont.Label(plot, "named", "true class");
        plot.SavePng(path, Side + 100, Side + 100);
        return path;
    }
}
