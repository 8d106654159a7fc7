using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Diptych.Evaluation;

namespace Diptych.Reports;

/// <summary>Runs side by side: those that differ in their seed only are one row, with mean and standard deviation.</summary>
public sealed class RunComparison
{
    private const string Views = "views";

    private static readonly string[] LearningRate = ["learning-rate", "learning-rate-scaling"];

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    /// <summary>Sorts runs into groups.</summary>
    /// <param name="runs">At least one run.</param>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public RunComparison(IReadOnlyList<RunSummary> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        if (runs.Count == 0)
            throw new InvalidInputException("There are no runs to compare. Name run folders.");
        JsonObject[] settings = [.. runs.Select(SettingsOf)];
        TellViewsApart(runs, settings);
        if (settings.Any(s => LearningRate.Any(key => Text(s[key]) != Text(settings[0][key]))))
        {
            // As the optimizer gets them: the usual one, one for 256 images and one for a step are then numbers beside each other.
            foreach (var (setting, run) in settings.Zip(runs))
                (setting[LearningRate[0]], setting[LearningRate[1]]) = (Math.Round(run.Options.EffectiveLearningRate, 12), null);
        }
        string[] differing = [.. settings[0].Select(p => p.Key).Where(key => settings.Any(s => Text(s[key]) != Text(settings[0][key])))];
        Groups = [.. runs.Zip(settings).GroupBy(pair => string.Join('\n', differing.Select(key => Text(pair.Second[key]))))
            .Select(group => new RunGroup(differing.ToDictionary(key => key, key => Text(group.First().Second[key])), [.. group.Select(pair => pair.First).OrderBy(r => r.Options.Seed)]))
            .OrderBy(group => group, Comparer<RunGroup>.Create((a, b) => Compare(a, b, differing)))];
        Settings = differing;
        Measures = [.. runs.SelectMany(r => r.Figures()).Select(f => f.Measure).Distinct()];
        Protocols = [.. runs.Where(r => r.Evaluation is not null).Select(r => $"learned from {r.Evaluation!.Train}; split: {r.Evaluation.Test}{Environment.NewLine}{r.Evaluation.Protocol}").Distinct()];
        Twins = [.. Groups.SelectMany(group => group.Runs.GroupBy(run => run.Options.Seed)).Where(same => same.Count() > 1).Select(same => string.Join(", ", same.Select(run => run.Folder.Path)))];
        Doubts = [.. runs.Where(r => r.Evaluation?.Overlap.Count > 0).Select(r => $"{r.Folder.Path}: {r.Evaluation!.Overlap[0]}{(r.Evaluation.Overlap.Count > 1 ? $", and {r.Evaluation.Overlap.Count - 1:N0} more" : "")}")];
    }

    /// <summary>Settings in which the groups differ.</summary>
    public IReadOnlyList<string> Settings { get; }

    /// <summary>The groups, ordered by their settings.</summary>
    public IReadOnlyList<RunGroup> Groups { get; }

    /// <summary>What was measured.</summary>
    public IReadOnlyList<string> Measures { get; }

    /// <summary>How; with more than one, figures do not stand beside each other by right.</summary>
    public IReadOnlyList<string> Protocols { get; }

    /// <summary>Runs whose test images were learned from, or may have been.</summary>
    public IReadOnlyList<string> Doubts { get; }

    /// <summary>Runs with the same settings and seed, a line for each that they are: of them the first that has a figure counts.</summary>
    public IReadOnlyList<string> Twins { get; }

    /// <summary>Runs that were wanted and failed, with why: the figures are of the others.</summary>
    public IReadOnlyList<string> Failed { get; init; } = [];

    /// <summary>How far a group is above the one with InfoNCE that differs from it in nothing else, seed by seed: what seeds have in common drops out.</summary>
    /// <param name="group">One of <see cref="Groups"/>.</param>
    /// <param name="measure">One of <see cref="Measures"/>.</param>
    /// <returns>Over the seeds that both have; null where there are none.</returns>
    public Spread? AboveInfoNce(RunGroup group, string measure)
    {
        ArgumentNullException.ThrowIfNull(group);
        RunGroup? usual = Groups.FirstOrDefault(g => g != group && Settings.All(key => g.Settings[key] == (key == "loss" ? "infonce" : group.Settings[key])));
        if (usual is null)
            return null;
        IReadOnlyDictionary<long, double> own = group.BySeed(measure), theirs = usual.BySeed(measure);
        return Spread.Of([.. own.Keys.Intersect(theirs.Keys).Select(seed => own[seed] - theirs[seed])]);
    }

    /// <summary>The comparison as a Markdown table with its protocol; where losses differ, with a second one of their differences from InfoNCE.</summary>
    public string ToMarkdown()
    {
        string table = Table(Groups,
            [
                ("seeds", g => string.Join(", ", g.Seeds) + (g.Runs.All(r => r.IsFinished) ? "" : $" ({g.Runs.Count(r => !r.IsFinished)} not finished)")),
                .. Measures.Select(measure => ($"{measure} %", (Func<RunGroup, string>)(g => Percent(g.Figure(measure), g.Seeds.Count)))),
                ("loss, last epoch", g => Number(g.Of(r => r.Curve.LastLoss), "F3")),
                ("q, last epoch", g => Number(g.Of(r => r.Curve.LastQ), "F3")),
            ]);
        RunGroup[] others = [.. Groups.Where(g => Measures.Any(measure => AboveInfoNce(g, measure) is not null))];
        if (others.Length > 0)
            table += $"{Environment.NewLine}{Environment.NewLine}Points above InfoNCE with the same seeds and otherwise equal settings:{Environment.NewLine}{Environment.NewLine}"
                + Table(others, [.. Measures.Select(measure => (measure, (Func<RunGroup, string>)(g => Points(AboveInfoNce(g, measure), g.Seeds.Count))))]);
        string protocol = Protocols.Count > 1
            ? $"{Environment.NewLine}{Environment.NewLine}The runs were evaluated in {Protocols.Count} different ways; their figures cannot be compared:{Environment.NewLine}{string.Join(Environment.NewLine + Environment.NewLine, Protocols)}"
            : string.Concat(Protocols.Select(p => Environment.NewLine + Environment.NewLine + p));
        return table + protocol + Lines("The same settings and seed, so that one counts:", Twins) + Lines("Test images that were learned from, or may have been:", Doubts) + Lines("Runs that failed, and are in no figure:", Failed);

        static string Lines(string title, IReadOnlyList<string> lines) => lines.Count == 0 ? "" : $"{Environment.NewLine}{Environment.NewLine}{title}{Environment.NewLine}{string.Join(Environment.NewLine, lines)}";
    }

    /// <summary>The comparison as JSON: a group's settings, and each figure's mean, deviation and number of runs, and the runs with their own.</summary>
    public string ToJson() => new JsonObject
    {
        ["groups"] = new JsonArray([.. Groups.Select(g => (JsonNode)new JsonObject
        {
            ["settings"] = new JsonObject(g.Settings.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)s.Value))),
            ["runs"] = new JsonArray([.. g.Runs.Select(r => (JsonNode)new JsonObject
            {
                ["run"] = r.Folder.Path,
                ["seed"] = r.Options.Seed,
                ["accuracy"] = new JsonObject(r.Figures().Select(f => KeyValuePair.Create(f.Measure, (JsonNode?)f.Accuracy))),
                ["loss"] = Finite(r.Curve.LastLoss),
                ["q"] = Finite(r.Curve.LastQ),
                ["q-by-epoch"] = new JsonArray([.. r.Curve.QByEpoch.Select(q => (JsonNode?)Finite(q))]),
            })]),
            ["seeds"] = new JsonArray([.. g.Seeds.Select(seed => (JsonNode)seed)]),
            ["accuracy"] = new JsonObject(Measures.Select(m => KeyValuePair.Create(m, (JsonNode?)Node(g.Figure(m))))),
            ["above-infonce"] = new JsonObject(Measures.Select(m => (Measure: m, Above: Node(AboveInfoNce(g, m)))).Where(m => m.Above is not null).Select(m => KeyValuePair.Create(m.Measure, (JsonNode?)m.Above))),
            ["loss"] = Node(g.Of(r => r.Curve.LastLoss)),
            ["q"] = Node(g.Of(r => r.Curve.LastQ)),
        })]),
        ["protocols"] = new JsonArray([.. Protocols.Select(p => (JsonNode)p)]),
        ["twins"] = new JsonArray([.. Twins.Select(t => (JsonNode)t)]),
        ["doubts"] = new JsonArray([.. Doubts.Select(d => (JsonNode)d)]),
        ["failed"] = new JsonArray([.. Failed.Select(f => (JsonNode)f)]),
    }.ToJsonString(Json);

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;

    private static JsonObject? Node(Spread? spread) => spread is null || !double.IsFinite(spread.Mean) ? null
        : new JsonObject { ["mean"] = spread.Mean, ["deviation"] = spread.Deviation is { } sd && double.IsFinite(sd) ? sd : null, ["runs"] = spread.Count };

    private static JsonObject SettingsOf(RunSummary run)
    {
        JsonObject settings = JsonNode.Parse(run.Options.Decisive.ToJson())!.AsObject();
        settings.Remove("seed"); // what a row is a mean over
        return settings;
    }

    // One name may stand for different views: a file that was edited between two runs.
    private static void TellViewsApart(IReadOnlyList<RunSummary> runs, JsonObject[] settings)
    {
        foreach (var sameName in runs.Zip(settings).GroupBy(pair => Text(pair.Second[Views])))
        {
            var contents = sameName.GroupBy(pair => pair.First.Views).ToArray();
            foreach (var (number, sameViews) in contents.Index().Where(_ => contents.Length > 1))
                foreach (var (_, setting) in sameViews)
                    setting[Views] = $"{sameName.Key}, version {number + 1}";
        }
    }

    private static string Text(JsonNode? value) => value is null ? "–" : value.ToString();

    private static int Compare(RunGroup first, RunGroup second, IEnumerable<string> settings)
    {
        foreach (string key in settings.OrderBy(k => k is "loss" or "method" ? 1 : 0)) // losses beside each other
        {
            string a = first.Settings[key], b = second.Settings[key];
            int order = double.TryParse(a, CultureInfo.InvariantCulture, out double x) && double.TryParse(b, CultureInfo.InvariantCulture, out double y)
                ? x.CompareTo(y) : string.CompareOrdinal(a, b);
            if (order != 0)
                return order;
        }
        return 0;
    }

    // The settings that differ, then what is asked for.
    private string Table(IReadOnlyList<RunGroup> groups, IReadOnlyList<(string Title, Func<RunGroup, string> Cell)> figures)
    {
        string[][] columns = [.. Settings.Select(setting => (setting, (Func<RunGroup, string>)(g => g.Settings[setting]))).Concat(figures).Select(f => (string[])[f.Item1, .. groups.Select(g => f.Item2(g).Replace("|", "\\|", StringComparison.Ordinal))])];
        int[] widths = [.. columns.Select(c => c.Max(cell => cell.Length))];
        string Line(int row) => $"| {string.Join(" | ", columns.Select((c, i) => c[row].PadRight(widths[i])))} |";
        return string.Join(Environment.NewLine, [Line(0), $"|{string.Join('|', widths.Select(w => new string('-', w + 2)))}|", .. Enumerable.Range(1, groups.Count).Select(Line)]);
    }

    private static string Points(Spread? figure, int runs) => figure is null ? "" : string.Create(CultureInfo.InvariantCulture,
        $"{100 * figure.Mean:+0.00;−0.00;0.00}{(figure.Deviation is { } sd ? $" ± {100 * sd:F2}" : "")}{(figure.Count < runs ? $" ({figure.Count} of {runs})" : "")}");

    private static string Percent(Spread? figure, int runs) => figure is null ? "" : string.Create(CultureInfo.InvariantCulture,
        $"{100 * figure.Mean:F2}{(figure.Deviation is { } sd ? $" ± {100 * sd:F2}" : "")}{(figure.Count < runs ? $" ({figure.Count} of {runs})" : "")}");

    private static string Number(Spread? figure, string format) => figure is null ? "" :
        figure.Mean.ToString(format, CultureInfo.InvariantCulture) + (figure.Deviation is { } sd ? " ± " + sd.ToString(format, CultureInfo.InvariantCulture) : "");
}
