using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Diptych.Training;

/// <summary>Which runs a comparison needs: every combination of settings, with every seed.</summary>
/// <remarks>
/// A JSON object: <c>settings</c> that all runs share, <c>vary</c> with a list of values for each setting that differs, or <c>runs</c> with a list of
/// settings, or both; <c>seeds</c>; and <c>evaluate</c>, what <c>diptych evaluate</c> is called with. Keys of settings are the options of <c>diptych pretrain</c>.
/// </remarks>
public sealed record SweepPlan
{
    private const int MostRuns = 100_000, LongestName = 220;

    private static readonly Dictionary<string, IReadOnlyList<JsonNode?>> NoValues = [];

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false };

    // Runs that are compared with each other come one after the other, so that a sweep that was stopped has them all or none.
    private static readonly string[] Innermost = ["method", "loss"];

    /// <summary>What it is for, in a line.</summary>
    public string About { get; init; } = "";

    /// <summary>Settings of every run.</summary>
    public JsonObject Settings { get; init; } = [];

    /// <summary>Settings that differ, each with its values: all combinations are run.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<JsonNode?>> Vary { get; init; } = NoValues;

    /// <summary>Settings that belong together, each combined with all of <see cref="Vary"/>; empty for one without any.</summary>
    public IReadOnlyList<JsonObject> Runs { get; init; } = [];

    /// <summary>Seeds; every combination is run with each.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [1, 2, 3];

    /// <summary>Arguments of <c>diptych evaluate</c> beside the run and the images, such as <c>--linear</c>.</summary>
    public IReadOnlyList<string> Evaluate { get; init; } = [];

    /// <summary>Reads a plan.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">It is missing, or is no plan.</exception>
    public static SweepPlan Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidInputException($"There is no file {path}. Expected the plan of a sweep: a JSON object with settings, vary and seeds.");
        try
        {
            SweepPlan plan = JsonSerializer.Deserialize<SweepPlan>(SmallFile.ReadText(path, largest: 1 << 20), Json) ?? throw new JsonException("it is empty");
            (string Key, bool IsNull)[] members =
            [
                ("about", plan.About is null), ("settings", plan.Settings is null), ("vary", plan.Vary is null), ("runs", plan.Runs is null || plan.Runs.Contains(null!)), ("seeds", plan.Seeds is null),
                ("evaluate", plan.Evaluate is null || plan.Evaluate.Contains(null!)), .. (plan.Vary ?? NoValues).Select(values => ($"vary.{values.Key}", values.Value is null)),
            ];
            return members.FirstOrDefault(member => member.IsNull).Key is { } key ? throw new JsonException($"{key} is null, or holds null") : plan;
        }
        catch (JsonException exception) when (exception.Path?.StartsWith("$.vary.", StringComparison.Ordinal) == true && !exception.Message.Contains("duplicate", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidInputException($"{path} is no plan of a sweep: {exception.Path[2..]} must be a list of values, such as [1, 2]{(exception.LineNumber is { } line ? $" (line {line + 1})" : "")}.", exception);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidInputException($"{path} is no plan of a sweep: {SmallFile.FaultOf(exception)}. Expected about, settings, vary, runs, seeds and evaluate.", exception);
        }
    }

    /// <summary>The runs, in the order in which to make them: seeds outermost, then settings as the file has them, methods and losses innermost.</summary>
    /// <param name="images">The images of every run.</param>
    /// <returns>A name that is a folder's, and the settings.</returns>
    /// <exception cref="InvalidInputException">Settings are unknown or unusable, in whatever run; all mistakes are named.</exception>
    public IReadOnlyList<(string Name, PretrainOptions Options)> Expand(string images)
    {
        string[] keys = [.. Vary.Keys.OrderBy(key => Array.IndexOf(Innermost, key))]; // -1 for the others, which keep their order
        long count = Math.Max(1, Runs.Count) * (long)Seeds.Count * Vary.Values.Aggregate(1L, (product, values) => Math.Min(MostRuns + 1, product * values.Count));
        if (count is 0 or > MostRuns)
            throw new InvalidInputException($"The plan has {(count == 0 ? "no runs: a list of values or of seeds is empty" : $"more than {MostRuns:N0} runs")}.");
        IEnumerable<JsonObject> combinations = Runs.Count > 0 ? Runs : [[]];
        foreach (string key in keys)
            combinations = combinations.SelectMany(c => Vary[key].Select(value => With(c, [new(key, value)])));
        var mistakes = new List<string>();
        foreach (var (key, place) in new[] { ("seed", "seeds"), ("images", "--data") })
            if (Settings.ContainsKey(key) || Vary.ContainsKey(key) || Runs.Any(run => run.ContainsKey(key)))
                mistakes.Add($"{key} is no setting of a plan. Use {place}.");
        var expanded = new List<(string, PretrainOptions)>();
        foreach (var (seed, own) in Seeds.SelectMany(seed => combinations.Select(c => (seed, c))))
        {
            JsonObject all = With(With(Settings, own), [new("seed", seed), new("images", images)]);
            string name = NameOf(own.Append(new("seed", seed)));
            try
            {
                PretrainOptions options = Recipe.Parse(all, $"The run {name}").Options;
                options.Validate();
                expanded.Add((name, options));
            }
            catch (InvalidInputException exception)
            {
                mistakes.Add($"{name}: {exception.Message}");
            }
        }
        if (expanded.GroupBy(run => run.Item1).FirstOrDefault(group => group.Count() > 1) is { } twice)
            mistakes.Add($"The run {twice.Key} is there {twice.Count()} times. Give each combination and seed once.");
        return mistakes.Count == 0 ? expanded : throw new InvalidInputException(string.Join(Environment.NewLine, mistakes.Distinct().Take(10)));
    }

    // A folder's name has at most 255 bytes, and ".json" and ".partial" come behind it.
    private static string NameOf(IEnumerable<KeyValuePair<string, JsonNode?>> settings)
    {
        string name = string.Join('-', settings.Select(p => $"{p.Key}-{(p.Value is JsonArray or JsonObject ? p.Value.ToJsonString() : p.Value)}")).Replace('/', '_').Replace('\\', '_');
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        return bytes.Length <= LongestName ? name : $"{name[..Math.Min(name.Length, LongestName / 4)]}…{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}";
    }

    private static JsonObject With(JsonObject settings, IEnumerable<KeyValuePair<string, JsonNode?>> more)
    {
        JsonObject all = settings.DeepClone().AsObject();
        foreach (var (key, value) in more)
            all[key] = value?.DeepClone();
        return all;
    }
}
