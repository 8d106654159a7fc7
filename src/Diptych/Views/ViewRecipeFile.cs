using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Diptych.Views;

/// <summary>A recipe as JSON: an object whose keys are the recipe's settings in kebab-case; what is left out keeps its default.</summary>
internal static class ViewRecipeFile
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Every setting of a recipe, as <see cref="Read"/> takes it.</summary>
    public static string Write(ViewRecipe recipe) => JsonSerializer.Serialize(recipe, Json);

    /// <summary>The settings of both that differ; what a recipe is called and where it is from do not count.</summary>
    public static string[] Differences(ViewRecipe one, ViewRecipe other)
    {
        JsonObject here = Settings(one), there = Settings(other);
        return here.Select(p => p.Key).Union(there.Select(p => p.Key)).Where(key => !JsonNode.DeepEquals(here[key], there[key]))
            .Select(key => $"{key} is {Text(here[key])} here and {Text(there[key])} there").ToArray();

        static JsonObject Settings(ViewRecipe recipe) => JsonSerializer.SerializeToNode(recipe with { Name = "", Source = "" }, Json)!.AsObject();
        static string Text(JsonNode? node) => node?.ToJsonString() ?? "none";
    }

    /// <summary>Reads a recipe from a file; it is named after the file unless it names itself.</summary>
    public static ViewRecipe Read(string path)
    {
        try
        {
            return Parse(SmallFile.ReadText(path, largest: 1 << 20), Path.GetFileNameWithoutExtension(path), path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"View recipe {path} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Reads a recipe; every mistake in it comes in one message.</summary>
    /// <param name="text">JSON; comments and a comma too many are allowed.</param>
    /// <param name="name">What the recipe is called unless it says.</param>
    /// <param name="place">What messages call the text.</param>
    public static ViewRecipe Parse(string text, string name, string place)
    {
        var recipe = new ViewRecipe { Name = name };
        var mistakes = new List<string>();
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            Fill(recipe, document.RootElement, "", mistakes);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException) // the latter of a key that is no text
        {
            throw new InvalidInputException($"{place} is not JSON: {SmallFile.FaultOf(exception)}. Correct it there.", exception);
        }
        mistakes.AddRange(ViewRecipeRules.FindMistakes(recipe));
        return mistakes.Count == 0 ? recipe : throw new InvalidInputException($"{place} cannot be used:\n{string.Join('\n', mistakes)}");
    }

    private static void Fill(object target, JsonElement json, string prefix, List<string> mistakes)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            mistakes.Add($"{(prefix.Length == 0 ? "A recipe" : prefix.TrimEnd('.'))} must be an object {{ … }}, but is {json.GetRawText()}.");
            return;
        }
        Dictionary<string, PropertyInfo> known = target.GetType().GetProperties().Where(property => property.CanWrite && !property.GetMethod!.IsStatic)
            .ToDictionary(property => JsonNamingPolicy.KebabCaseLower.ConvertName(property.Name));
        var seen = new HashSet<string>();
        foreach (JsonProperty property in json.EnumerateObject())
        {
            if (!known.TryGetValue(property.Name, out PropertyInfo? setting))
                mistakes.Add($"Unknown key '{prefix}{property.Name}'. {Advice(property.Name, known.Keys)}");
            else if (!seen.Add(property.Name))
                mistakes.Add($"{prefix}{property.Name} is given twice.");
            else if (setting.PropertyType == typeof(ViewProbabilities))
            {
                var second = new ViewProbabilities();
                Fill(second, property.Value, $"{property.Name}.", mistakes);
                setting.SetValue(target, second);
            }
            else if (Value(property.Value, setting.PropertyType) is { } value)
                setting.SetValue(target, value);
            else
                mistakes.Add($"{prefix}{property.Name} must be {Expected(setting.PropertyType)}, but is {property.Value.GetRawText()}.");
        }
    }

    private static string Advice(string key, IReadOnlyCollection<string> known) =>
        NearMiss.Find(key, known) is { } near ? $"Did you mean '{near}'?" : $"Known keys: {string.Join(", ", known)}.";

    private static object? Value(JsonElement json, Type type)
    {
        try
        {
            return json.Deserialize(type, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Expected(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(int) => "a whole number",
        var t when t == typeof(double) => "a number",
        var t when t == typeof(bool) => "true or false",
        var t when t == typeof(Rgb) => "a list of three numbers, or of one for all channels",
        { IsEnum: true } t => "one of " + string.Join(", ", Enum.GetNames(t).Select(name => $"\"{JsonNamingPolicy.KebabCaseLower.ConvertName(name)}\"")),
        _ => "a text",
    };
}
