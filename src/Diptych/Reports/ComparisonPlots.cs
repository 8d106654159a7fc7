using System.Globalization;
using Diptych.Evaluation;
using ScottPlot;

namespace Diptych.Reports;

/// <summary>A comparison as pictures.</summary>
public static class ComparisonPlots
{
    private const int LegendLine = 20, LegendMargin = 40, LetterWidth = 7, SampleWidth = 35, UsualLegend = 80;
    private const int PanelWidth = 560, PanelHeight = 420, MostColumns = 3, MostLines = 60;
    private const double PalestShade = 0.7;

    private static readonly Color[] Few = new ScottPlot.Palettes.ColorblindFriendly().Colors, Many = new ScottPlot.Palettes.Category20().Colors;

    /// <summary>Writes <c>curves.png</c> (loss, q and online accuracy by epoch, means over seeds), and for every numeric setting that differs <c>by-SETTING.png</c> (each figure and q against it, a line for each loss or method).</summary>
    /// <param name="comparison">The runs.</param>
    /// <param name="folder">Where to; made when missing.</param>
    /// <returns>The files.</returns>
    public static IReadOnlyList<string> Write(RunComparison comparison, string folder)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        PlotFont.Use();
        Directory.CreateDirectory(folder);
        var written = new List<string> { Curves(comparison, Path.Combine(folder, "curves.png")) };
        foreach (string setting in comparison.Settings.Where(s => comparison.Groups.All(g => IsNumber(g.Settings[s]))))
            written.Add(Against(comparison, setting, Path.Combine(folder, $"by-{setting}.png")));
        return written;
    }

    internal static string Curves(RunComparison comparison, string path)
    {
        var panels = new List<(string Title, Func<RunSummary, (double X, double Y)[]> Curve)>
        {
            ("loss", r => [.. r.Curve.Points.Select(p => (p.Epoch, p.Loss))]),
            ("q", r => [.. r.Curve.Points.Select(p => (p.Epoch, p.Q))]),
        };
        if (comparison.Groups.Any(g => g.Runs.Any(r => r.Curve.Accuracy.Count > 0)))
            panels.Add(("online accuracy, %", r => [.. r.Curve.Accuracy.Select(a => (a.Epoch, 100 * a.Accuracy))]));
        RunGroup[] groups = [.. comparison.Groups.Take(MostLines)];
        string[] names = [.. groups.Select(g => g.Name)];
        Color[] colors = ColorsOf(comparison, groups);
        return Save(path, [.. panels.Select(panel => Panel("epoch", panel.Title, names, plot =>
        {
            foreach (var (i, group) in groups.Index())
            {
                (double X, double Y)[][] curves = [.. group.Runs.Select(r => panel.Curve(r).Where(p => double.IsFinite(p.Y)).ToArray()).Where(c => c.Length > 0)];
                // Runs of the same steps have their points at the same places.
                if (curves.Length > 1 && curves.All(c => c.Select(p => p.X).SequenceEqual(curves[0].Select(p => p.X))))
                    curves = [[.. curves[0].Select((p, at) => (p.X, curves.Average(c => c[at].Y)))]];
                foreach (var (j, curve) in curves.Index())
                {
                    ScottPlot.Plottables.Scatter line = plot.Add.ScatterLine(curve.Select(p => p.X).ToArray(), curve.Select(p => p.Y).ToArray(), colors[i]);
                    line.LegendText = j == 0 ? group.Name : "";
                    line.MarkerSize = curve.Length == 1 ? 5 : 0; // a line of one point is not seen
                }
            }
        }))], names);
    }

    // A colour for each loss or method, the paler the further on in the order of what else differs.
    private static Color[] ColorsOf(RunComparison comparison, RunGroup[] groups)
    {
        string[] kinds = [.. comparison.Settings.Where(s => s is "loss" or "method")];
        string[] kindOf = [.. groups.Select(g => string.Join(", ", kinds.Select(s => g.Settings[s])))], restOf = [.. groups.Select(g => string.Join(", ", g.Settings.Where(s => !kinds.Contains(s.Key))))];
        string[] allKinds = [.. kindOf.Distinct()], rests = [.. restOf.Distinct()];
        if (allKinds.Length < 2 || rests.Length < 2)
            return [.. groups.Select((_, i) => ColorOf(i, groups.Length))];
        return [.. groups.Select((_, i) => ColorOf(Array.IndexOf(allKinds, kindOf[i]), allKinds.Length).MixedWith(Colors.White, PalestShade * Array.IndexOf(rests, restOf[i]) / (rests.Length - 1)))];
    }

    private static string Against(RunComparison comparison, string setting, string path)
    {
        string[] others = [.. comparison.Settings.Where(s => s != setting)];
        var lines = comparison.Groups.GroupBy(g => string.Join(", ", others.Select(s => s is "loss" or "method" ? g.Settings[s] : $"{s} {g.Settings[s]}"))).Take(MostLines).ToArray();
        string[] names = [.. lines.Select(line => line.Key)];
        double[] values = [.. comparison.Groups.Select(g => Number(g.Settings[setting])).Distinct().Order()];
        bool isLogarithmic = values.Length > 2 && values[0] > 0 && values[^1] / values[0] >= 8;
        double Place(double value) => isLogarithmic ? Math.Log2(value) : value;
        IEnumerable<(string Title, Func<RunGroup, Spread?> Figure, double Scale)> panels =
            [.. comparison.Measures.Select(m => (m + ", %", (Func<RunGroup, Spread?>)(g => g.Figure(m)), 100.0)), ("q, last epoch", g => g.Of(r => r.Curve.LastQ), 1)];
        return Save(path, [.. panels.Select(panel => Panel(setting, panel.Title, names, plot =>
        {
            foreach (var (i, line) in lines.Index())
            {
                var points = line.Select(g => (X: Place(Number(g.Settings[setting])), Y: panel.Figure(g))).Where(p => p.Y is not null && double.IsFinite(p.Y.Mean)).OrderBy(p => p.X).ToArray();
                if (points.Length == 0)
                    continue;
                double[] x = [.. points.Select(p => p.X)], y = [.. points.Select(p => panel.Scale * p.Y!.Mean)];
                plot.Add.Scatter(x, y, ColorOf(i, lines.Length)).LegendText = line.Key;
                if (points.Any(p => p.Y!.Deviation is not null))
                    plot.Add.ErrorBar(x, y, [.. points.Select(p => panel.Scale * (p.Y!.Deviation ?? 0))]).Color = ColorOf(i, lines.Length);
            }
            plot.Axes.Bottom.SetTicks([.. values.Select(Place)], [.. values.Select(v => v.ToString("G4", CultureInfo.InvariantCulture))]);
        }))], names);
    }

    private static Plot Panel(string x, string title, IReadOnlyList<string> names, Action<Plot> draw)
    {
        var plot = new Plot();
        draw(plot);
        PlotFont.Label(plot, x, "");
        plot.Title(title, size: 13);
        plot.Axes.Title.Label.Bold = false;
        plot.Legend.FontSize = 11;
        ScottPlot.Panels.LegendPanel legend = plot.ShowLegend(Edge.Bottom);
        legend.MinimumSize = LegendHeight(names); // else names beyond a few lines are cut
        plot.Legend.Orientation = Orientation.Horizontal;
        return plot;
    }

    // In columns as wide as the longest name, with a sample of the line before each; at least one name a line.
    private static int LegendHeight(IReadOnlyList<string> names)
    {
        int columns = Math.Max(1, (PanelWidth - LegendMargin) / (LetterWidth * names.Max(name => name.Length) + SampleWidth));
        return LegendLine * ((names.Count + columns - 1) / columns) + LegendMargin;
    }

    private static string Save(string path, Plot[] panels, IReadOnlyList<string> names)
    {
        var figure = new Multiplot();
        int columns = Math.Min(panels.Length, MostColumns), rows = (panels.Length + columns - 1) / columns;
        figure.Layout = new ScottPlot.MultiplotLayouts.Grid(rows, columns);
        figure.RemovePlot(figure.GetPlot(0)); // a new one holds an empty plot
        foreach (Plot panel in panels)
            figure.AddPlot(panel);
        figure.SavePng(path, PanelWidth * columns, (PanelHeight + Math.Max(0, LegendHeight(names) - UsualLegend)) * rows);
        return path;
    }

    private static Color ColorOf(int index, int count) => (count <= Few.Length ? Few : Many)[index % Many.Length];

    private static bool IsNumber(string text) => double.TryParse(text, CultureInfo.InvariantCulture, out _);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
