using System.Globalization;
using System.Text.Json.Nodes;
using Diptych.Evaluation;
using Diptych.Training;
using Diptych.Views;

namespace Diptych.Reports;

/// <summary>A run as its folder tells it: settings, curve, and the last evaluation.</summary>
/// <param name="Folder">The run folder.</param>
/// <param name="Options">Its settings.</param>
/// <param name="Curve">Its steps.</param>
/// <param name="Evaluation">What was written last to <see cref="RunFolder.EvaluationPath"/>, as by <c>diptych evaluate</c>; null for nothing.</param>
public sealed record RunSummary(RunFolder Folder, PretrainOptions Options, RunCurve Curve, EvaluationResult? Evaluation)
{
    /// <summary>Whether it ended with an encoder.</summary>
    public bool IsFinished => File.Exists(Folder.EncoderPath);

    /// <summary>How its views were drawn, as JSON without the recipe's name; empty where the folder does not tell.</summary>
    internal string Views
    {
        get
        {
            if (!File.Exists(Folder.ViewRecipePath))
                return "";
            JsonObject recipe = JsonNode.Parse(ViewRecipe.Named(Folder.ViewRecipePath).ToJson())!.AsObject();
            recipe.Remove("name");
            return recipe.ToJsonString();
        }
    }

    /// <summary>Reads a run folder.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="InvalidInputException">It is not a run folder, or its files cannot be read.</exception>
    public static RunSummary Read(string path)
    {
        RunFolder folder = RunFolder.Open(path);
        return new RunSummary(folder, folder.ReadOptions(), RunCurve.Read(folder.MetricsPath), File.Exists(folder.EvaluationPath) ? EvaluationResult.Read(folder.EvaluationPath) : null);
    }

    /// <summary>Runs that a path names: itself, or those right inside it.</summary>
    /// <param name="path">A run folder, or a folder of run folders.</param>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public static IReadOnlyList<string> Find(string path)
    {
        if (RunFolder.IsAt(path))
            return [path];
        string[] inside = Directory.Exists(path) ? [.. Directory.GetDirectories(path).Where(RunFolder.IsAt).Order(StringComparer.Ordinal)] : [];
        return inside.Length > 0 ? inside : throw new InvalidInputException($"{path} is neither a run folder nor a folder of them: there is no recipe.json. Name folders that `diptych pretrain` or `diptych sweep` wrote.");
    }

    /// <summary>Figures of the trained encoder with its protocol, by what was measured: <c>nearest neighbour, k = 20, t = 0.1, labels: all</c>.</summary>
    public IEnumerable<(string Measure, double Accuracy)> Figures() => Evaluation is null ? [] : Evaluation.Results
        .Where(row => row.IsOfEncoder)
        .Select(row => ($"{row.Classifier}{(row.IsOfEmbedding ? " on the embedding" : "")}{(row.Classifier != "nearest neighbour" ? "" : row.IsChosen ? ", k chosen" : $", k = {row.K}, t = {row.Temperature?.ToString(CultureInfo.InvariantCulture)}")}, labels: {row.Labels}", row.Accuracy));
}
