using System.Globalization;
using System.Text.Json;
using Diptych.Evaluation;

namespace Diptych.Cli;

/// <summary>Prints nearest-neighbour figures with their protocol, as a table or as JSON, on stdout.</summary>
internal static class EvaluationTable
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower, WriteIndented = true };

    public static void Print(IReadOnlyList<NearestNeighbourResult> results, string protocol, bool asJson, string encoder)
    {
        if (asJson)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new { Encoder = encoder, Protocol = protocol, Results = results }, Json));
            return;
        }
        int width = results.Max(r => r.Features.Length);
        Console.Out.WriteLine($"{"features".PadRight(width)}  all labels  few labels");
        foreach (NearestNeighbourResult r in results)
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{r.Features.PadRight(width)}  {100 * r.Accuracy,8:F2} %  {100 * r.FewLabelsMean:F2} ± {100 * r.FewLabelsDeviation:F2} %"));
        Console.Out.WriteLine($"Accuracy by {protocol}.");
    }
}
