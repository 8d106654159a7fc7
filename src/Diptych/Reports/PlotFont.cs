using ScottPlot;

namespace Diptych.Reports;

/// <summary>The font of plots.</summary>
public static class PlotFont
{
    /// <summary>On Linux, Skia without its dependencies finds no font by itself: this names one that the machine has.</summary>
    public static void Use()
    {
        string? file = !OperatingSystem.IsLinux() || !Directory.Exists("/usr/share/fonts") ? null
            : Directory.EnumerateFiles("/usr/share/fonts", "*.ttf", SearchOption.AllDirectories).OrderBy(f => Path.GetFileName(f) is "DejaVuSans.ttf" or "LiberationSans-Regular.ttf" ? 0 : 1).ThenBy(f => f, StringComparer.Ordinal).FirstOrDefault();
        if (file is null)
            return;
        Fonts.AddFontFile("plots", file);
        Fonts.Default = "plots";
    }

    /// <summary>Names the axes, in the one weight that the font has.</summary>
    /// <param name="plot">The plot.</param>
    /// <param name="x">Under the horizontal axis.</param>
    /// <param name="y">Beside the vertical one.</param>
    public static void Label(Plot plot, string x, string y)
    {
        ArgumentNullException.ThrowIfNull(plot);
        plot.XLabel(x);
        plot.YLabel(y);
        plot.Axes.Bottom.Label.Bold = plot.Axes.Left.Label.Bold = false;
    }
}
