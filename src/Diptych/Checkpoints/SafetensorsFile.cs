using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using static TorchSharp.torch;

namespace Diptych.Checkpoints;

/// <summary>Named tensors and text in one file that cannot carry code: an 8-byte length, a JSON header, then the bytes.</summary>
/// <remarks>Format: huggingface/safetensors, README "Format". Reading checks every offset before any memory is taken.</remarks>
public static class SafetensorsFile
{
    private const int LengthBytes = 8, HeaderLimit = 100_000_000, DimensionLimit = 16;

    private static readonly (string Name, ScalarType Type, int Bytes)[] Types =
    [
        ("F64", ScalarType.Float64, 8), ("F32", ScalarType.Float32, 4), ("F16", ScalarType.Float16, 2), ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8), ("I32", ScalarType.Int32, 4), ("U8", ScalarType.Byte, 1), ("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>Writes the tensors; the file appears under its name only when it is whole.</summary>
    /// <param name="path">Where to; an existing file is replaced.</param>
    /// <param name="tensors">Tensors by name, on any device, of any layout.</param>
    /// <param name="metadata">Text to keep beside them.</param>
    /// <returns>The SHA-256 of the file's bytes, in lower-case hexadecimal digits.</returns>
    public static string Write(string path, IEnumerable<(string Name, Tensor Value)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var entries = tensors.OrderBy(t => t.Name, StringComparer.Ordinal)
            .Select(t => (t.Name, Value: t.Value.detach().cpu().contiguous(), Type: Types.First(k => k.Type == t.Value.dtype))).ToArray();
        byte[] header = WriteHeader(entries.Select(e => (e.Name, e.Type.Name, e.Value.shape, e.Value.numel() * e.Type.Bytes)), metadata);
        Task<string> hash = Task.Run(Hash); // it takes as long as writing
        try
        {
            AtomicFile.Write(path, stream =>
            {
                stream.Write(header);
                foreach (var entry in entries)
                    stream.Write(entry.Value.bytes);
            });
        }
        finally
        {
            hash.Wait(); // it reads the tensors
        }
        return hash.Result;

        string Hash()
        {
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            sha.AppendData(header);
            foreach (var entry in entries)
                sha.AppendData(entry.Value.bytes);
            return Convert.ToHexStringLower(sha.GetHashAndReset());
        }
    }

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Tensors on the CPU, which belong to the caller's scope, and the text kept beside them.</returns>
    /// <exception cref="InvalidInputException">The file is missing, cut short, or not in this format.</exception>
    public static (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidInputException($"There is no file {path}. Expected a .safetensors file.");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        var (entries, metadata, dataStart) = ReadHeader(stream, path);
        var tensors = new Dictionary<string, Tensor>();
        foreach (var entry in entries)
        {
            stream.Position = dataStart + entry.Begin;
            Tensor tensor = empty(entry.Shape, dtype: entry.Type);
            if (entry.End > entry.Begin)
                stream.ReadExactly(tensor.bytes);
            tensors.Add(entry.Name, tensor);
        }
        return (tensors, metadata);
    }

    /// <summary>Reads names, types and shapes without reading any tensor.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">The file is missing, cut short, or not in this format.</exception>
    public static (IReadOnlyList<(string Name, string Type, long[] Shape)> Tensors, Dictionary<string, string> Metadata) ReadHeader(string path)
    {
        if (!File.Exists(path))
            throw new InvalidInputException($"There is no file {path}. Expected a .safetensors file.");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        var (entries, metadata, _) = ReadHeader(stream, path);
        return (entries.Select(e => (e.Name, Types.First(t => t.Type == e.Type).Name, e.Shape)).ToArray(), metadata);
    }

    // The length with it.
    private static byte[] WriteHeader(IEnumerable<(string Name, string Type, long[] Shape, long Bytes)> entries, IReadOnlyDictionary<string, string> metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[LengthBytes]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
                json.WriteString(key, value);
            json.WriteEndObject();
            long offset = 0;
            foreach (var entry in entries)
            {
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype", entry.Type);
                json.WriteStartArray("shape");
                foreach (long size in entry.Shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += entry.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0) // the tensors start aligned
            buffer.WriteByte((byte)' ');
        byte[] header = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - LengthBytes);
        return header;
    }

    private sealed record Entry(string Name, ScalarType Type, long[] Shape, long Begin, long End);

    private static (List<Entry> Entries, Dictionary<string, string> Metadata, long DataStart) ReadHeader(FileStream stream, string path)
    {
        InvalidInputException Bad(string what) => new($"{path} is not a whole .safetensors file: {what}. Take another copy, or write it again.");

        Span<byte> lengthBytes = stackalloc byte[LengthBytes];
        if (stream.ReadAtLeast(lengthBytes, LengthBytes, throwOnEndOfStream: false) < LengthBytes)
            throw Bad($"it has {stream.Length} bytes, and the length of its header alone takes {LengthBytes}");
        long length = BinaryPrimitives.ReadInt64LittleEndian(lengthBytes);
        if (length < 2 || length > HeaderLimit || length > stream.Length - LengthBytes)
            throw Bad($"its header should have {length:N0} bytes, but the file has {stream.Length:N0}");
        byte[] header = new byte[length];
        stream.ReadExactly(header);

        long dataStart = LengthBytes + length, dataLength = stream.Length - dataStart;
        var entries = new List<Entry>();
        var metadata = new Dictionary<string, string>();
        var names = new HashSet<string>();
        try
        {
            using var json = JsonDocument.Parse(header);
            foreach (JsonProperty property in json.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__")
                {
                    foreach (JsonProperty text in property.Value.EnumerateObject())
                        metadata[text.Name] = text.Value.GetString() ?? "";
                    continue;
                }
                if (!names.Add(property.Name))
                    throw Bad($"it names tensor '{property.Name}' twice");
                string typeName = property.Value.GetProperty("dtype").GetString() ?? "";
                var type = Types.FirstOrDefault(t => t.Name == typeName);
                if (type.Name is null)
                    throw Bad($"tensor '{property.Name}' has the unknown type '{typeName}'");
                long[] shape = property.Value.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64()).ToArray();
                if (shape.Length > DimensionLimit)
                    throw Bad($"tensor '{property.Name}' has {shape.Length:N0} dimensions, more than {DimensionLimit}");
                long begin = property.Value.GetProperty("data_offsets")[0].GetInt64(), end = property.Value.GetProperty("data_offsets")[1].GetInt64();
                _ = shape.Aggregate(1L, (product, size) => checked(product * Math.Max(1, size))); // an empty tensor's strides must fit too
                long expected = shape.Aggregate((long)type.Bytes, (product, size) => checked(product * (size < 0 ? throw new OverflowException() : size)));
                if (begin < 0 || end < begin || end > dataLength || end - begin != expected)
                    throw Bad($"tensor '{property.Name}' should have {expected:N0} bytes at offsets {begin:N0} to {end:N0}, but {dataLength:N0} bytes follow the header");
                entries.Add(new Entry(property.Name, type.Type, shape, begin, end));
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            throw Bad($"its header cannot be read ({exception.Message})");
        }
        long used = 0;
        foreach (Entry entry in entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin != used) // tensors that share bytes could ask for any amount of memory
                throw Bad($"tensor '{entry.Name}' should begin at offset {used:N0}, where the one before it ends, but begins at {entry.Begin:N0}");
            used = entry.End;
        }
        if (used != dataLength)
            throw Bad($"{dataLength:N0} bytes follow the header, but its tensors have {used:N0}");
        return (entries, metadata, dataStart);
    }
}
