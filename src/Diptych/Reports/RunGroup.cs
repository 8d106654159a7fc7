using Diptych.Evaluation;

namespace Diptych.Reports;

/// <summary>Runs that differ in their seed only.</summary>
/// <param name="Settings">The settings in which this group differs from the others, by name.</param>
/// <param name="Runs">At least one.</param>
public sealed record RunGroup(IReadOnlyDictionary<string, string> Settings, IReadOnlyList<RunSummary> Runs)
{
    /// <summary>The settings in a few words; <c>all runs</c> where there is one group.</summary>
    public string Name => Settings.Count == 0 ? "all runs" : string.Join(", ", Settings.Select(s => s.Key is "loss" or "method" or "encoder" ? s.Value : $"{s.Key} {s.Value}"));

    /// <summary>The seeds, each once.</summary>
    public IReadOnlyList<long> Seeds { get; } = [.. Runs.Select(r => r.Options.Seed).Distinct()];

    /// <summary>One figure over the seeds that have it; of runs with the same seed the first counts.</summary>
    /// <param name="measure">A name that <see cref="RunSummary.Figures"/> gave.</param>
    /// <returns>Mean, standard deviation (n − 1; null for one seed) and number of seeds; null where none has it.</returns>
    public Spread? Figure(string measure) => Spread.Of([.. BySeed(measure).Values]);

    /// <summary>One figure of each run, by its seed; of runs with the same seed the first.</summary>
    /// <param name="measure">A name that <see cref="RunSummary.Figures"/> gave.</param>
    internal IReadOnlyDictionary<long, double> BySeed(string measure) =>
        Runs.SelectMany(r => r.Figures().Where(f => f.Measure == measure).Select(f => (r.Options.Seed, f.Accuracy))).DistinctBy(f => f.Seed).ToDictionary(f => f.Seed, f => f.Accuracy);

    /// <summary>Something else over the seeds.</summary>
    /// <param name="value">What; null where a run has none.</param>
    public Spread? Of(Func<RunSummary, double?> value) => Spread.Of([.. Runs.Select(r => (r.Options.Seed, Value: value(r))).Where(r => r.Value is not null).DistinctBy(r => r.Seed).Select(r => r.Value!.Value)]);
}
