using System.Text.Json;
using System.Text.Json.Serialization;
using Diptych.Checkpoints;

namespace Diptych.Evaluation;

/// <summary>Everything an evaluation found, with what it was found on: the file <c>evaluation.json</c>.</summary>
public sealed record EvaluationResult
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        DictionaryKeyPolicy = JsonNamingPolicy.KebabCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, // a figure that is no number must not cost the others
        WriteIndented = true,
    };

    private const int Largest = 512 << 20;

    // A thousand classes have a million counts in their confusion matrix, without a line each.
    private static readonly JsonSerializerOptions Dense = new(Json) { WriteIndented = false };

    /// <summary>The encoder's file.</summary>
    public string Encoder { get; init; } = "";

    /// <summary>How the figures came about, in sentences.</summary>
    public required string Protocol { get; init; }

    /// <summary>The labelled images to learn from.</summary>
    public required string Train { get; init; }

    /// <summary>The images to judge by.</summary>
    public required string Test { get; init; }

    /// <summary>Names of the classes, by label.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>Test images that were learned from, where that was allowed, was not looked at or could not be checked, a sentence each; empty where there are none. <see cref="EncoderEvaluation"/> does not look: <see cref="Evaluation.Overlap"/> does, and what it finds is set with <c>with</c>.</summary>
    public IReadOnlyList<string> Overlap { get; init; } = [];

    /// <summary>The figures, by features, then classifier, then labels.</summary>
    public required IReadOnlyList<EvaluationRow> Results { get; init; }

    /// <summary>What can be said without a classifier.</summary>
    public required IReadOnlyList<FeatureFigures> Features { get; init; }

    /// <summary>As JSON; what is not known is left out.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Writes what <see cref="ToJson"/> gives, on one line; the file appears only when it is whole.</summary>
    /// <param name="path">Where to; an existing file is replaced.</param>
    /// <exception cref="InvalidInputException">It cannot be written.</exception>
    public void Write(string path)
    {
        try
        {
            AtomicFile.WriteText(path, JsonSerializer.Serialize(this, Dense) + Environment.NewLine);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be written: {exception.Message} Make room, or give yourself the right to.", exception);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">It is missing, or holds something else.</exception>
    public static EvaluationResult Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<EvaluationResult>(SmallFile.ReadText(path, Largest), Json) ?? throw new JsonException("no evaluation");
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} holds no evaluation that can be read: {exception.Message} `diptych evaluate` writes it anew.", exception);
        }
    }
}
