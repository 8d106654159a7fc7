using System.Text.Json;

namespace Diptych;

/// <summary>Text files that are short by their nature: settings, recipes, facts about a run.</summary>
internal static class SmallFile
{
    private const int Largest = 64 << 20;

    /// <summary>The whole text.</summary>
    /// <param name="path">The file, perhaps a stranger's.</param>
    /// <param name="largest">Bytes it may have.</param>
    /// <exception cref="InvalidInputException">It is larger.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string ReadText(string path, int largest = Largest)
    {
        using FileStream file = File.OpenRead(path); // its length, not that of a link
        if (file.CanSeek && file.Length > largest)
            throw new InvalidInputException($"{path} has {file.Length:N0} bytes, more than the {largest:N0} that such a file may have. It is probably not the file you mean.");
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    /// <summary>What is wrong with JSON and where, lines counted from 1, without the point at the end.</summary>
    /// <param name="fault">What a reader of JSON threw.</param>
    public static string FaultOf(Exception fault)
    {
        if (fault is not JsonException { LineNumber: { } line, BytePositionInLine: { } position })
            return fault.Message.TrimEnd('.');
        int place = fault.Message.IndexOf("LineNumber:", StringComparison.Ordinal);
        return $"{(place < 0 ? fault.Message : fault.Message[..place]).TrimEnd(' ', '|', '.')} (line {line + 1}, byte {position + 1})";
    }
}
