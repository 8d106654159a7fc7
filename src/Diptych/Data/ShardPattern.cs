using System.Globalization;
using System.Text.RegularExpressions;

namespace Diptych.Data;

/// <summary>Names of many files in one: <c>train-{000..127}.tar</c>, as WebDataset and shells write it.</summary>
internal static partial class ShardPattern
{
    private const int MaximumShards = 100_000;

    /// <summary>Whether a path holds a range of numbers.</summary>
    public static bool IsPattern(string path) => Range().IsMatch(path);

    /// <summary>The paths it stands for, in the order of the numbers; leading zeros are kept.</summary>
    /// <exception cref="InvalidInputException">The range runs backwards or is too long, or there is a second one.</exception>
    public static string[] Expand(string path)
    {
        Match match = Range().Match(path);
        string first = match.Groups[1].Value, last = match.Groups[2].Value;
        int from = int.Parse(first, CultureInfo.InvariantCulture), to = int.Parse(last, CultureInfo.InvariantCulture);
        if (from > to)
            throw new InvalidInputException($"The range in '{path}' runs backwards. Write {{{last}..{first}}}.");
        if (Range().Count(path) > 1)
            throw new InvalidInputException($"'{path}' holds {Range().Count(path)} ranges. Expected one.");
        if (to - from >= MaximumShards)
            throw new InvalidInputException($"'{path}' names too many files. Expected a range of at most {MaximumShards:N0} numbers.");
        return Enumerable.Range(from, to - from + 1)
            .Select(number => path[..match.Index] + number.ToString($"D{first.Length}", CultureInfo.InvariantCulture) + path[(match.Index + match.Length)..]).ToArray();
    }

    [GeneratedRegex(@"\{(\d{1,9})\.\.(\d{1,9})\}")]
    private static partial Regex Range();
}
