using System.Globalization;
using System.Text.Json;
using Diptych.Reports;
using ScottPlot;

namespace Diptych.Benchmarks;

/// <summary>Mean and coefficient of variation of q = 1 − p⁺ in the last epoch of runs with different batches: a table and a plot.</summary>
internal static class QTable
{
    private static readonly string[] Losses = ["infonce", "dcl"];

    /// <param name="work">A folder of runs that are called LOSS-BATCH, as bench/q.sh makes them.</param>
    /// <param name="image">Where the plot goes, a PNG file.</param>
    public static int Run(string work, string image)
    {
        (string Loss, int Batch, double Mean, double Variation)[] rows = [.. Losses.SelectMany(loss => Directory.GetDirectories(work, loss + "-*")
            .Select(run => (Run: run, Batch: int.Parse(Path.GetFileName(run)[(loss.Length + 1)..], CultureInfo.InvariantCulture))).OrderBy(r => r.Batch)
            .Select(r => LastEpoch(Path.Combine(r.Run, "metrics.jsonl"), loss, r.Batch)))];
        Console.WriteLine("| loss | batch | mean q | coefficient of variation |\n|---|---|---|---|");
        foreach (var row in rows)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {row.Loss} | {row.Batch} | {row.Mean:F4} | {row.Variation:F4} |"));
        PlotFont.Use();
        var figure = new Multiplot();
        figure.AddPlots(2);
        foreach (var (panel, title, value) in new (int, string, Func<(string, int, double Mean, double Variation), double>)[] { (0, "mean of q", r => r.Mean), (1, "coefficient of variation of q", r => r.Variation) })
        {
            Plot plot = figure.GetPlot(panel);
            foreach (string loss in Losses)
            {
                var own = rows.Where(r => r.Loss == loss).ToArray();
                plot.Add.Scatter(own.Select(r => Math.Log2(r.Batch)).ToArray(), own.Select(r => value(r)).ToArray()).LegendText = loss;
            }
            int[] batches = [.. rows.Select(r => r.Batch).Distinct().Order()];
            plot.Axes.Bottom.SetTicks([.. batches.Select(b => Math.Log2(b))], [.. batches.Select(b => b.ToString(CultureInfo.InvariantCulture))]);
            PlotFont.Label(plot, "batch", title);
            plot.ShowLegend(panel == 0 ? Alignment.LowerRight : Alignment.UpperRight);
        }
        figure.Layout = new ScottPlot.MultiplotLayouts.Columns();
        figure.SavePng(image, 1100, 420);
        return 0;
    }

    private static (string Loss, int Batch, double Mean, double Variation) LastEpoch(string metrics, string loss, int batch)
    {
        JsonElement[] steps = [.. File.ReadLines(metrics).Select(line => JsonDocument.Parse(line).RootElement)];
        JsonElement[] last = [.. steps.Where(s => s.GetProperty("epoch").GetInt32() == steps[^1].GetProperty("epoch").GetInt32())];
        return (loss, batch, last.Average(s => s.GetProperty("q-mean").GetDouble()), last.Average(s => s.GetProperty("q-cv").GetDouble()));
    }
}
