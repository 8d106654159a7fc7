using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Diptych.Training;

/// <summary>The file <c>metrics.jsonl</c>: one JSON object a line, one line a step. Lines that the disk does not take wait in memory.</summary>
public sealed class MetricsFile : IDisposable
{
    private const int Patience = 4096, LongestLine = 1 << 20, LongestStep = 1 << 16; // letters that wait before they are written; bytes; letters

    // A figure that is not a number is written as "NaN", rather than ending the run.
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly FileStream _file;
    private readonly StringBuilder _waiting = new();

    private MetricsFile(string path) => _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);

    /// <summary>Opens the file to add lines, after cutting back what was written beyond a step.</summary>
    /// <param name="path">The file; made when missing.</param>
    /// <param name="lastStep">The step the run goes on from: later lines are removed, so that none is doubled.</param>
    public static MetricsFile Open(string path, int lastStep)
    {
        var metrics = new MetricsFile(path);
        metrics._file.SetLength(EndOf(path, lastStep));
        return metrics;
    }

    /// <summary>Reads the steps, a line at a time.</summary>
    /// <param name="path">The file; a missing one has no steps, a line that is torn is passed over.</param>
    public static IEnumerable<StepMetrics> Read(string path)
    {
        if (!File.Exists(path))
            yield break;
        using var lines = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)); // it may be written just now
        while (lines.ReadLine() is { } line)
        {
            StepMetrics? step = null;
            try
            {
                step = line.Length is 0 or > LongestStep ? null : JsonSerializer.Deserialize<StepMetrics>(line, Json);
            }
            catch (JsonException)
            {
                // a line that a killed process did not finish
            }
            if (step is not null)
                yield return step;
        }
    }

    // Where the line of a step ends, or the last whole one before it. A long run's file does not fit in memory, a stranger's may be one line.
    private static long EndOf(string path, int lastStep)
    {
        using var file = new BufferedStream(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        using var line = new MemoryStream();
        long end = 0;
        for (int letter; (letter = file.ReadByte()) >= 0 && line.Length < LongestLine;)
        {
            if (letter != '\n')
            {
                line.WriteByte((byte)letter);
                continue;
            }
            if (!(StepOf(line.GetBuffer().AsMemory(0, (int)line.Length)) <= lastStep))
                break;
            end = file.Position;
            line.SetLength(0);
        }
        return end;
    }

    /// <summary>A step as its line.</summary>
    public static string ToJson(StepMetrics metrics) => JsonSerializer.Serialize(metrics, Json);

    /// <summary>Adds a line.</summary>
    /// <exception cref="IOException">The disk is full; the line is kept and written with a later one.</exception>
    public void Write(StepMetrics metrics)
    {
        _waiting.Append(ToJson(metrics)).Append('\n');
        if (_waiting.Length > Patience)
            WriteWaiting();
    }

    /// <summary>Brings the lines to the disk: a checkpoint that survives a power cut has its lines.</summary>
    /// <exception cref="IOException">The disk is full; the lines are kept and written with later ones.</exception>
    public void Flush()
    {
        WriteWaiting();
        _file.Flush(flushToDisk: true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            WriteWaiting();
        }
        catch (IOException)
        {
            // No checkpoint counts on these lines.
        }
        _file.Dispose();
    }

    private void WriteWaiting()
    {
        long whole = _file.Length;
        _file.Position = whole;
        try
        {
            _file.Write(Encoding.UTF8.GetBytes(_waiting.ToString()));
        }
        catch (IOException)
        {
            _file.SetLength(whole); // no torn line
            throw;
        }
        _waiting.Clear();
    }

    private static int? StepOf(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("step").GetInt32();
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null; // a torn last line
        }
    }
}
