using System.Globalization;
using System.Text;
using System.Text.Json;
using Diptych.Checkpoints;
using Parquet;
using Parquet.Schema;

namespace Diptych.Embeddings;

/// <summary>Features as a file that other programs read. The ending decides the format.</summary>
/// <remarks>
/// <c>.parquet</c>: columns <c>name</c>, <c>label</c> and <c>vector</c> (a list of floats), with the metadata in the file.
/// <c>.npy</c>: the rows alone, <c>[M, F]</c> float32; names, labels and metadata stand in <c>FILE.json</c>.
/// <c>.csv</c>: columns <c>name</c>, <c>label</c>, <c>f0</c> …; metadata in <c>FILE.json</c>.
/// </remarks>
public static class FeatureFile
{
    /// <summary>The endings there are.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".parquet", ".npy", ".csv"];

    /// <summary>Checks that a file's ending names a format.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">It does not.</exception>
    public static void CheckEnding(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!Endings.Contains(Path.GetExtension(path)))
            throw new InvalidInputException($"The format of {path} is not known by its ending '{Path.GetExtension(path)}'. Expected {string.Join(", ", Endings)}.");
    }

    /// <summary>Writes the table; the file appears only when it is whole.</summary>
    /// <param name="path">Where to; an existing file is replaced.</param>
    /// <param name="table">The features.</param>
    /// <exception cref="InvalidInputException">The ending is unknown, or the file cannot be written.</exception>
    public static void Write(string path, FeatureTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        CheckEnding(path);
        Action<Stream, FeatureTable> write = Path.GetExtension(path) switch { ".parquet" => WriteParquet, ".npy" => WriteNpy, _ => WriteCsv };
        try
        {
            if (Path.GetExtension(path) == ".parquet")
                AtomicFile.Write(path, stream => write(stream, table));
            else
                WriteBoth(path, stream => write(stream, table), Describe(table, withRows: Path.GetExtension(path) == ".npy"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be written: {exception.Message} Make room, or choose another --out.", exception);
        }
    }

    // Rows never stand beside names that are not theirs: both files are whole before the old rows go.
    private static void WriteBoth(string path, Action<Stream> writeRows, string description)
    {
        string place = AtomicFile.PlaceOf(path), rows = place + ".new", beside = path + ".json.new";
        try
        {
            AtomicFile.Write(rows, writeRows);
            AtomicFile.WriteText(beside, description);
            File.Delete(place);
            File.Move(beside, path + ".json", overwrite: true);
            File.Move(rows, place);
            AtomicFile.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
            AtomicFile.FlushFolder(Path.GetDirectoryName(place)!);
        }
        catch
        {
            File.Delete(rows);
            File.Delete(beside);
            throw;
        }
    }

    private static void WriteParquet(Stream stream, FeatureTable table) => WriteParquetAsync(stream, table).GetAwaiter().GetResult();

    private static async Task WriteParquetAsync(Stream stream, FeatureTable table)
    {
        DataField name = new DataField<string>("name"), label = new DataField<string>("label");
        var vector = new ListField("vector", new DataField<float>("element"));
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(name, label, vector), stream).ConfigureAwait(false);
        writer.CustomMetadata = new Dictionary<string, string>(table.Metadata);
        foreach (var (first, count, values) in table.Blocks())
        {
            int[] repetition = new int[count * table.Length]; // 0 opens a row, 1 goes on with it
            for (int i = 0; i < repetition.Length; i++)
                repetition[i] = i % table.Length == 0 ? 0 : 1;
            int[] definition = new int[repetition.Length];
            Array.Fill(definition, ((DataField)vector.Item).MaxDefinitionLevel); // every value is there
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync(name, table.Names.Skip(first).Take(count).ToArray()).ConfigureAwait(false);
            await group.WriteAsync(label, Enumerable.Range(first, count).Select(i => table.Labels?[i]!).ToArray()).ConfigureAwait(false);
            await group.WriteAllPartsAsync<float>((DataField)vector.Item, values.AsMemory(0, count * table.Length), definition, repetition, CancellationToken.None).ConfigureAwait(false);
            group.CompleteValidate();
        }
    }

    // Source: NumPy's format description, version 1.0: the header ends with a line break and fills whole blocks of 64 bytes.
    private static void WriteNpy(Stream stream, FeatureTable table)
    {
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({table.Names.Count}, {table.Length}), }}";
        header = header.PadRight((header.Length + 11 + 63) / 64 * 64 - 11) + "\n"; // 10 bytes before it, the line break itself
        stream.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(header));
        byte[] bytes = [];
        foreach (var (_, count, values) in table.Blocks())
        {
            if (bytes.Length == 0)
                bytes = new byte[values.Length * sizeof(float)];
            for (int i = 0; i < count * table.Length; i++)
                BitConverter.TryWriteBytes(bytes.AsSpan(i * sizeof(float)), BitConverter.IsLittleEndian ? values[i] : throw new PlatformNotSupportedException("Diptych runs on little-endian processors."));
            stream.Write(bytes, 0, count * table.Length * sizeof(float));
        }
    }

    private static void WriteCsv(Stream stream, FeatureTable table)
    {
        using var text = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true);
        text.Write(string.Join(',', ["name", "label", .. Enumerable.Range(0, table.Length).Select(i => $"f{i}")]) + "\n");
        foreach (var (first, count, values) in table.Blocks())
        {
            for (int row = 0; row < count; row++)
            {
                text.Write(Quote(table.Names[first + row]));
                text.Write(',');
                text.Write(Quote(table.Labels?[first + row] ?? ""));
                foreach (float value in values.AsSpan(row * table.Length, table.Length))
                {
                    text.Write(',');
                    text.Write(value.ToString("R", CultureInfo.InvariantCulture));
                }
                text.Write('\n');
            }
        }
    }

    // RFC 4180.
    private static string Quote(string cell) => cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;

    private static string Describe(FeatureTable table, bool withRows) => JsonSerializer.Serialize(new
    {
        metadata = table.Metadata,
        names = withRows ? table.Names : null,
        labels = withRows ? table.Labels : null,
    }, Json);

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };
}
