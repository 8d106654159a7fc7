using System.Globalization;

namespace Diptych.Data;

/// <summary>Names of classes in a list beside a file that has only their numbers.</summary>
internal static class ClassNames
{
    /// <summary>Reads the list, a line a class; where there is none, the numbers are the names.</summary>
    /// <param name="path">The file of images.</param>
    /// <param name="list">Name of the list.</param>
    /// <param name="first">Number of the first class.</param>
    /// <param name="count">How many classes there are.</param>
    /// <exception cref="InvalidInputException">It names others than so many.</exception>
    public static string[] Beside(string path, string list, int first, int count)
    {
        string place = Path.Combine(Path.GetDirectoryName(path) ?? "", list);
        if (!File.Exists(place))
            return Enumerable.Range(first, count).Select(number => number.ToString(CultureInfo.InvariantCulture)).ToArray();
        string[] names = File.ReadLines(place).Select(line => line.Trim()).Where(line => line.Length > 0).ToArray();
        if (names.Length != count)
            throw new InvalidInputException($"'{place}' names {names.Length:N0} classes, but '{path}' has {count}. Correct the list, or remove it.");
        return names.CountBy(name => name).FirstOrDefault(name => name.Value > 1).Key is { } repeated
            ? throw new InvalidInputException($"'{place}' names the class '{repeated}' twice. Correct the list, or remove it.")
            : names;
    }
}
