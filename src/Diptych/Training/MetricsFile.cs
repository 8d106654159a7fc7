using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Diptych.Checkpoints;

namespace Diptych.Training;

/// <summary>The file <c>metrics.jsonl</c>: one JSON object a line, one line a step.</summary>
public sealed class MetricsFile : IDisposable
{
    // A figure that is not a number is written as "NaN", rather than ending the run.
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly FileStream _file;
    private readonly StreamWriter _writer;

    private MetricsFile(string path)
    {
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        _writer = new StreamWriter(_file, new UTF8Encoding(false)) { NewLine = "\n" };
    }

    /// <summary>Opens the file to add lines, after cutting back what was written beyond a step.</summary>
    /// <param name="path">The file; made when missing.</param>
    /// <param name="lastStep">The step the run goes on from: later lines are removed, so that none is doubled.</param>
    public static MetricsFile Open(string path, int lastStep)
    {
        if (File.Exists(path))
        {
            string[] kept = File.ReadLines(path).TakeWhile(line => StepOf(line) is { } step && step <= lastStep).ToArray();
            AtomicFile.WriteText(path, string.Concat(kept.Select(line => line + "\n")));
        }
        return new MetricsFile(path);
    }

    /// <summary>Adds a line.</summary>
    public void Write(StepMetrics metrics) => _writer.WriteLine(JsonSerializer.Serialize(metrics, Json));

    /// <summary>Brings the lines to the disk: a checkpoint that survives a power cut has its lines.</summary>
    public void Flush()
    {
        _writer.Flush();
        _file.Flush(flushToDisk: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private static int? StepOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("step").GetInt32();
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null; // a torn last line
        }
    }
}
