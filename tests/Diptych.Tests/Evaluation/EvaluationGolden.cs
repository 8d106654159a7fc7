using System.Text.Json;
using static TorchSharp.torch;

namespace Diptych.Tests.Evaluation;

/// <summary>Made-up features, and what scikit-learn finds on them (Golden/make_evaluation_golden.py).</summary>
internal static class EvaluationGolden
{
    public static JsonElement Root { get; } = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "evaluation-golden.json"))).RootElement;

    public static int Classes => 7;

    public static string[] Names { get; } = Enumerable.Range(0, Classes).Select(c => $"class {c}").ToArray();

    public static int[] TrainLabels { get; } = Ints(Root.GetProperty("train-labels"));

    public static int[] TestLabels { get; } = Ints(Root.GetProperty("test-labels"));

    public static Tensor Train() => Rows("train");

    public static Tensor Test() => Rows("test");

    public static double Number(string name) => Root.GetProperty(name).GetDouble();

    public static double[] Numbers(JsonElement list) => list.EnumerateArray().Select(v => v.GetDouble()).ToArray();

    public static int[] Ints(JsonElement list) => list.EnumerateArray().Select(v => v.GetInt32()).ToArray();

    public static Tensor Rows(string name)
    {
        double[][] rows = Root.GetProperty(name).EnumerateArray().Select(Numbers).ToArray();
        return tensor(rows.SelectMany(r => r).ToArray()).reshape(rows.Length, -1);
    }
}
