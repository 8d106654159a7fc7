using System.Globalization;
using Diptych.Reports;
using ScottPlot;

namespace Diptych.Benchmarks;

/// <summary>What a long run holds of the machine, minute by minute: a table and a plot.</summary>
internal static class MemoryTable
{
    private const double Settled = 600; // seconds

    /// <param name="samples">The file that bench/memory.sh writes.</param>
    /// <param name="image">Where the plot goes, a PNG file.</param>
    public static int Run(string samples, string image)
    {
        (double Seconds, double Resident, int Files, int Threads)[] all = [.. File.ReadLines(samples).Skip(1).Select(line => line.Split(','))
            .Select(c => (double.Parse(c[0], CultureInfo.InvariantCulture), double.Parse(c[1], CultureInfo.InvariantCulture) / 1024, int.Parse(c[2], CultureInfo.InvariantCulture), int.Parse(c[3], CultureInfo.InvariantCulture)))];
        Console.WriteLine("| minutes | resident memory, MiB, mean [least–greatest] | open files | threads |\n|---|---|---|---|");
        foreach (var part in all.GroupBy(s => (int)(s.Seconds / Settled)).Where(p => p.Count() > 30))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {part.Key * 10}–{(part.Key + 1) * 10} | {part.Average(s => s.Resident):F0} [{part.Min(s => s.Resident):F0}–{part.Max(s => s.Resident):F0}] | {Range(part.Select(s => s.Files))} | {Range(part.Select(s => s.Threads))} |"));
        }
        PlotFont.Use();
        var plot = new Plot();
        plot.Add.ScatterLine(all.Select(s => s.Seconds / 60).ToArray(), all.Select(s => s.Resident).ToArray());
        plot.Axes.SetLimitsY(0, all.Max(s => s.Resident) * 1.1);
        PlotFont.Label(plot, "minutes", "resident memory, MiB");
        plot.SavePng(image, 800, 360);
        return 0;
    }

    private static string Range(IEnumerable<int> counts) => counts.Min() == counts.Max() ? $"{counts.Min()}" : $"{counts.Min()}–{counts.Max()}";
}
