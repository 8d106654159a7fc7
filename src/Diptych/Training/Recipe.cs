using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Diptych.Training;

/// <summary>Settings in a file, with where they come from and what to expect of them.</summary>
/// <remarks>A JSON object whose keys are the options of <c>diptych pretrain</c> without the dashes, and those of this record. A run's <c>recipe.json</c> is one too.</remarks>
public sealed record Recipe
{
    internal static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower, WriteIndented = true };

    /// <summary>What it is for, in a line.</summary>
    public string About { get; init; } = "";

    /// <summary>The paper or code it follows, and where it goes another way.</summary>
    public string Paper { get; init; } = "";

    /// <summary>Figures that others published for these or near settings, each with its protocol and source.</summary>
    public IReadOnlyList<string> Published { get; init; } = [];

    /// <summary>Figures measured with this program, each with its protocol, seeds and machine.</summary>
    public IReadOnlyList<string> Measured { get; init; } = [];

    /// <summary>The settings; those that the file leaves out have their defaults.</summary>
    [JsonIgnore]
    public PretrainOptions Options { get; init; } = new();

    /// <summary>The keys a recipe may have.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. Defaults(new Recipe()).Concat(Defaults(new PretrainOptions())).Select(d => d.Key)];

    // What has a value by default cannot be null.
    private static readonly HashSet<string> NeverNull = [.. Defaults(new Recipe()).Concat(Defaults(new PretrainOptions())).Where(d => d.Value is not null).Select(d => d.Key)];

    /// <summary>Reads a recipe; whether its settings make sense is for <see cref="PretrainOptions.Validate"/>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">The file is missing, is no JSON object, or has unknown keys or values of the wrong kind; all of them are named.</exception>
    public static Recipe Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidInputException($"There is no file {path}. Expected the settings of a run.");
        JsonObject json;
        try
        {
            json = JsonNode.Parse(SmallFile.ReadText(path, largest: 1 << 20))?.AsObject() ?? throw new JsonException("it is empty");
            _ = json.Count; // a key that is there twice is found only now
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            throw Bad(path, [SmallFile.FaultOf(exception) + "."], exception);
        }
        return Parse(json, path);
    }

    /// <summary>Takes a recipe from JSON, as <see cref="Read"/> does.</summary>
    /// <param name="json">The object.</param>
    /// <param name="path">What to call it in messages.</param>
    internal static Recipe Parse(JsonObject json, string path)
    {
        string[] mistakes = [.. json.Select(p => p.Key).Where(key => !Keys.Contains(key)).Select(Unknown), .. WrongKinds(json)];
        if (mistakes.Length > 0)
            throw Bad(path, mistakes, null);
        return json.Deserialize<Recipe>(Json)! with { Options = json.Deserialize<PretrainOptions>(Json)! };
    }

    private static JsonObject Defaults<T>(T value) => JsonSerializer.SerializeToNode(value, Json)!.AsObject();

    private static string Unknown(string key) => NearMiss.Find(key, Keys) is { } near
        ? $"Unknown key '{key}'. Did you mean '{near}'?"
        : $"Unknown key '{key}'. Known keys: {string.Join(", ", Keys)}.";

    // One key at a time, so that all mistakes are found and each is named.
    private static IEnumerable<string> WrongKinds(JsonObject json)
    {
        foreach (var (key, value) in json.Where(p => Keys.Contains(p.Key)))
        {
            var alone = new JsonObject { [key] = value?.DeepClone() };
            string? mistake = value is null && NeverNull.Contains(key) ? $"'{key}' cannot be null." : null;
            try
            {
                alone.Deserialize<Recipe>(Json);
                alone.Deserialize<PretrainOptions>(Json);
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                mistake = $"'{key}' cannot be {value?.ToJsonString() ?? "null"}.";
            }
            if (mistake is not null)
                yield return mistake;
        }
    }

    private static InvalidInputException Bad(string path, string[] mistakes, Exception? inner) =>
        new($"{path} does not hold the settings of a run: {string.Join(Environment.NewLine, mistakes)}", inner!);
}
