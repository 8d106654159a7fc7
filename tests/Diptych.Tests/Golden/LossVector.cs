using System.Text.Json;
using System.Text.Json.Serialization;

namespace Diptych.Tests.Golden;

/// <summary>One case of loss-vectors.json: inputs, and what plain loops in 35-digit arithmetic made of them (gen_vectors.py beside it).</summary>
internal sealed record LossVector
{
    public required string Id { get; init; }
    public required string Form { get; init; }
    [JsonPropertyName("tau")] public required double Temperature { get; init; }
    public double Sigma { get; init; } = 0.5;
    public required bool Normalize { get; init; }
    [JsonPropertyName("z1")] public required double[][] First { get; init; }
    [JsonPropertyName("z2")] public required double[][] Second { get; init; }
    public double[][]? Queue { get; init; }
    [JsonPropertyName("nn1")] public double[][]? FirstNeighbours { get; init; }
    [JsonPropertyName("nn2")] public double[][]? SecondNeighbours { get; init; }
    [JsonPropertyName("per_anchor")] public required double[] PerAnchor { get; init; }
    [JsonPropertyName("q_B")] public required double[] Q { get; init; }
    public required double Loss { get; init; }
    [JsonPropertyName("grad_z1")] public required double[][] FirstGradient { get; init; }
    [JsonPropertyName("grad_z2")] public required double[][] SecondGradient { get; init; }
    public double? Alignment { get; init; }
    public double? Uniformity { get; init; }

    public static IReadOnlyDictionary<string, LossVector> All { get; } = Read();

    public static TheoryData<string> Ids => [.. All.Keys];

    private static Dictionary<string, LossVector> Read()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Golden", "loss-vectors.json"));
        return JsonSerializer.Deserialize<Contents>(file, JsonSerializerOptions.Web)!.Cases.ToDictionary(vector => vector.Id);
    }

    private sealed record Contents(LossVector[] Cases);
}
