using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Diptych.Checkpoints;
using Diptych.Data;
using Diptych.Training;

namespace Diptych.Cli;

/// <summary><c>diptych inspect</c>: what a run, a step that failed, an encoder file or an image set contains.</summary>
internal sealed class InspectCommand : ToolCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly Argument<string> _path = new("PATH") { Description = "A run folder, the folder of a step that failed, a .safetensors file, or any image set that pretrain takes." };
    private readonly Option<bool> _check = new("--check") { Description = "Read every image of a set, check sums of packed files included, and name those that cannot be read; the exit code is then 2" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object" };

    public InspectCommand() : base("inspect", "Say what a run, an encoder file or an image set contains; make a failed step again.")
    {
        Arguments.Add(_path);
        Options.Add(_check);
        Options.Add(_json);
    }

    public override IReadOnlyList<string> Examples { get; } = ["diptych inspect runs/demo", "diptych inspect runs/demo/encoder.safetensors --json", "diptych inspect samples/eurosat/train.tar", "diptych inspect photos.pack --check"];

    public override int Run(ParseResult parse)
    {
        string path = parse.GetValue(_path)!;
        JsonObject found = path.EndsWith(".safetensors", StringComparison.Ordinal) ? File_(path)
            : FailureBundle.IsAt(path) ? Failure(path)
            : RunFolder.IsAt(path) ? Run_(path)
            : Images(path, parse.GetValue(_check));
        if (parse.GetValue(_json))
            Console.Out.WriteLine(found.ToJsonString(Indented));
        else
            Print(found, "");
        return found.ContainsKey("unreadable") ? Tool.Mistake : Tool.Done;
    }

    private static JsonObject Run_(string path)
    {
        RunFolder folder = RunFolder.Open(path);
        var checkpoints = new JsonObject();
        foreach (var (step, checkpoint) in folder.Checkpoints.List())
        {
            string state = StateOf(checkpoint, step);
            if (Directory.Exists(checkpoint)) // a run at work removes old ones
                checkpoints[$"step {step}"] = state;
        }
        return new JsonObject
        {
            ["run"] = path,
            ["state"] = File.Exists(folder.EncoderPath) ? "finished" : "not finished",
            ["settings"] = JsonNode.Parse(folder.ReadOptions().ToJson()),
            ["checkpoints"] = checkpoints,
            ["last-step"] = MetricsFile.Read(folder.MetricsPath).LastOrDefault() is { } last ? JsonNode.Parse(MetricsFile.ToJson(last)) : null,
        };
    }

    private static string StateOf(string checkpoint, int step)
    {
        try
        {
            return CheckpointFolder.FindFault(checkpoint, step) ?? "whole";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return $"it cannot be read: {fault.Message}";
        }
    }

    private static JsonObject Failure(string path)
    {
        FailureBundle failure = FailureBundle.Read(path);
        TorchRuntime.Load();
        return new JsonObject
        {
            ["failure"] = path,
            ["step"] = failure.Step,
            ["what"] = failure.What,
            ["replayed"] = FailureBundle.Replay(path),
            ["images"] = string.Join(", ", failure.Images),
            ["longest-parameters"] = new JsonObject(failure.Norms.OrderByDescending(n => double.IsNaN(n.Value) ? double.PositiveInfinity : n.Value).Take(5)
                .Select(n => KeyValuePair.Create(n.Key, (JsonNode?)n.Value.ToString("G6", CultureInfo.InvariantCulture)))),
        };
    }

    private static JsonObject File_(string path)
    {
        var (tensors, metadata) = SafetensorsFile.ReadHeader(path);
        var names = new JsonObject();
        foreach (var (name, type, shape) in tensors)
            names[name] = $"{type} [{string.Join(", ", shape)}]";
        return new JsonObject
        {
            ["file"] = path,
            ["values"] = tensors.Sum(t => t.Shape.Aggregate(1L, (product, size) => product * size)),
            ["metadata"] = new JsonObject(metadata.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value))),
            ["tensors"] = names,
        };
    }

    private static JsonObject Images(string path, bool isChecked)
    {
        using IImageSource source = ImageSource.Open(path);
        var found = new JsonObject { ["images"] = source.Description, ["count"] = source.Count, ["first"] = First(source) };
        if (source.StoredAs is { } stored)
            found["stored"] = stored;
        if (source.LeftOut is { } others)
            found["left-out"] = others;
        if (isChecked)
        {
            IReadOnlyList<UnreadableImage> unreadable = ReadableImages.FindUnreadable(source);
            found["readable"] = source.Count - unreadable.Count;
            if (unreadable.Count > 0)
                found["unreadable"] = Object(unreadable.Select(image => (image.Name, (JsonNode)image.Reason)));
        }
        if (source.LabelNames is { } names)
        {
            int[] counts = new int[names.Count + 1]; // the last for −1, no label
            for (int i = 0; i < source.Count; i++)
                counts[source.GetLabel(i) is >= 0 and int label ? label : ^1]++;
            found["classes"] = Object(names.Select((name, i) => (name, (JsonNode)counts[i])));
            if (counts[^1] > 0)
                found["without-label"] = counts[^1];
        }
        else if (source.WhyUnlabelled is { } why)
            found["unlabelled"] = why;
        return found;
    }

    // Names may occur twice: those that are not UTF-8 look alike.
    private static JsonObject Object(IEnumerable<(string Name, JsonNode Value)> parts)
    {
        var made = new JsonObject();
        foreach (var (name, value) in parts)
        {
            string key = name;
            for (int time = 2; made.ContainsKey(key); time++)
                key = $"{name} ({time})";
            made[key] = value;
        }
        return made;
    }

    private static string First(IImageSource source)
    {
        var first = new ImageBuffer();
        try
        {
            source.Decode(0, first);
            return $"{source.GetName(0)}, {first.Width} × {first.Height} pixels";
        }
        catch (UnreadableImageException fault)
        {
            return $"{fault.Name}, not readable: {fault.Reason}";
        }
    }

    private static void Print(JsonObject node, string indent)
    {
        foreach (var (key, value) in node)
        {
            Console.Out.WriteLine(value is JsonObject ? $"{indent}{key}:" : string.Create(CultureInfo.InvariantCulture, $"{indent}{key}: {value}"));
            if (value is JsonObject inner)
                Print(inner, indent + "  ");
        }
    }
}
