using System.CommandLine;
using System.Text.Json;
using Diptych.Losses;
using Diptych.Methods;
using Diptych.Models;

namespace Diptych.Cli;

/// <summary><c>diptych list</c>: what there is to choose from.</summary>
internal sealed class ListCommand : ToolCommand
{
    private static readonly Dictionary<string, Func<IEnumerable<(string Name, string Description)>>> Lists = new()
    {
        ["methods"] = () => KnownMethod.All.Select(m => (m.Name, m.Description)),
        ["losses"] = () => ContrastiveLoss.All,
        ["encoders"] = () => KnownEncoder.All.Select(e => (e.Name, e.Description)),
        ["recipes"] = () => ShippedRecipes.Names.Select(name => (name, ShippedRecipes.Read(name).About)),
    };

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower, WriteIndented = true };

    private readonly Argument<string> _kind = new("KIND") { Description = $"One of: {string.Join(", ", Lists.Keys)}." };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object" };

    public ListCommand() : base("list", "List the methods, losses, encoders or recipes there are.")
    {
        Arguments.Add(_kind);
        Options.Add(_json);
    }

    public override IReadOnlyList<string> Examples { get; } = ["diptych list methods", "diptych list recipes --json"];

    public override IEnumerable<string> FindMistakes(ParseResult parse)
    {
        if (parse.GetResult(_kind) is { } kind && !kind.Errors.Any() && !Lists.ContainsKey(parse.GetValue(_kind)!))
            yield return NearMiss.Describe("list", parse.GetValue(_kind)!, Lists.Keys.ToArray());
    }

    public override int Run(ParseResult parse)
    {
        string kind = parse.GetValue(_kind)!;
        var lines = Lists[kind]().ToArray();
        if (parse.GetValue(_json))
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object> { [kind] = lines.Select(l => new { l.Name, l.Description }) }, Json));
            return Tool.Done;
        }
        int width = lines.Max(l => l.Name.Length);
        foreach (var (name, description) in lines)
            Console.Out.WriteLine($"{name.PadRight(width)}  {description}".TrimEnd());
        return Tool.Done;
    }
}
