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
}
