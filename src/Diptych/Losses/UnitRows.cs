using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>Embeddings scaled to length 1, and what is needed to tell later whether each had a length.</summary>
/// <param name="Name">What a message calls these embeddings.</param>
/// <param name="Rows"><c>[N, D]</c>, float32 or float64.</param>
/// <param name="Largest">Largest magnitude in each row as given, <c>[N, 1]</c>; 0, infinite or NaN where the row has no direction.</param>
internal sealed record UnitRows(string Name, Tensor Rows, Tensor Largest)
{
    private const int RowsNamed = 5;

    /// <summary>float32, or float64 where one of the tensors is: similarities in a half type err in the second digit of the loss.</summary>
    public static ScalarType CommonType(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors)
        {
            if (tensor.dtype == ScalarType.Float64)
                return ScalarType.Float64;
        }
        return ScalarType.Float32;
    }

    /// <summary>Casts, then normalizes each row; the gradient returns in the type of <paramref name="embeddings"/>.</summary>
    public static UnitRows Of(string name, Tensor embeddings, ScalarType type)
    {
        Tensor rows = embeddings.dtype == type ? embeddings : embeddings.to_type(type);
        Tensor largest = rows.detach().norm(1, keepdim: true, float.PositiveInfinity);                // [N, 1]
        return new UnitRows(name, Normalization.Of(rows, largest), largest);
    }

    /// <summary>Both views in one tensor, view-major: <c>[2N, D]</c>.</summary>
    public static (Tensor Rows, UnitRows[] Views) OfViews(Tensor first, Tensor second, ScalarType type)
    {
        using Tensor given = cat([first.to_type(type), second.to_type(type)], dim: 0);
        UnitRows both = Of("views", given, type);
        Tensor[] rows = both.Rows.detach().chunk(2), largest = both.Largest.chunk(2);
        return (both.Rows, [new("first view", rows[0], largest[0]), new("second view", rows[1], largest[1])]);
    }

    /// <summary>Checks the values now where that is free (CPU); returns those to check when the device is read anyway.</summary>
    public static IReadOnlyList<UnitRows> Check(params UnitRows[] embeddings)
    {
        if (embeddings.Any(rows => rows.Largest.device_type != DeviceType.CPU))
            return embeddings;
        Require(embeddings);
        return [];
    }

    /// <exception cref="ArgumentException">A row is zero or not finite; the message names all embeddings concerned.</exception>
    public static void Require(IEnumerable<UnitRows> embeddings)
    {
        string[] mistakes = [.. embeddings.SelectMany(rows => rows.Mistakes())];
        if (mistakes.Length > 0)
            throw new ArgumentException(string.Join(Environment.NewLine, mistakes));
    }

    private IEnumerable<string> Mistakes()
    {
        double[] largest = LargestValues();
        int[] zero = [.. Numbers(largest, value => value == 0)];
        int[] notFinite = [.. Numbers(largest, value => !double.IsFinite(value))];
        if (zero.Length > 0)
            yield return $"Zero rows in the {Name}, which point nowhere: {List(zero, largest.Length)}. Check the encoder's last layers and the images.";
        if (notFinite.Length > 0)
            yield return $"NaN or infinite values in the {Name}: {List(notFinite, largest.Length)}. Lower the learning rate, or check the images.";
    }

    private double[] LargestValues()
    {
        using var scope = NewDisposeScope();
        return Largest.to_type(ScalarType.Float64).cpu().data<double>().ToArray();
    }

    private static IEnumerable<int> Numbers(double[] values, Func<double, bool> isBad) =>
        Enumerable.Range(1, values.Length).Where(number => isBad(values[number - 1]));

    private static string List(int[] numbers, int rows)
    {
        string named = string.Join(", ", numbers.Take(RowsNamed));
        string more = numbers.Length > RowsNamed ? $" and {numbers.Length - RowsNamed} more" : "";
        return $"row {named}{more} of {rows}";
    }
}
