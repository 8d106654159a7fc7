namespace Diptych;

/// <summary>Finds the known word that a user probably meant.</summary>
public static class NearMiss
{
    /// <summary>The sentence for an unknown value: what it is, what is known, and what was probably meant.</summary>
    /// <param name="kind">What the words name: <c>method</c>.</param>
    /// <param name="word">What was found.</param>
    /// <param name="known">What could have been given.</param>
    public static string Describe(string kind, string word, IReadOnlyList<string> known)
    {
        string sentence = $"Unknown {kind} '{word}'. Known {kind}{(kind.EndsWith('s') ? "es" : "s")}: {string.Join(", ", known)}.";
        return Find(word, known) is { } near ? $"{sentence} Did you mean '{near}'?" : sentence;
    }

    /// <summary>The known word that differs in the fewest letters, case aside, if those are at most a third of it; else null.</summary>
    /// <param name="word">What was found.</param>
    /// <param name="known">What could have been given.</param>
    public static string? Find(string word, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(word);
        var nearest = known.Select(k => (Word: k, Distance: Distance(word, k))).OrderBy(k => k.Distance).FirstOrDefault();
        return nearest.Word is not null && nearest.Distance <= Math.Max(1, nearest.Word.Length / 3) ? nearest.Word : null;
    }

    // Edits, with a swap of neighbours as one edit (optimal string alignment).
    private static int Distance(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }
                int cost = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
