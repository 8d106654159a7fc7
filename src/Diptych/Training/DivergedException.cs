namespace Diptych.Training;

/// <summary>A step cannot be made: its loss or gradient is not finite.</summary>
internal sealed class DivergedException(string message) : Exception(message)
{
    /// <summary>Looks at a number of a step.</summary>
    /// <param name="what">What it is.</param>
    /// <param name="value">The number.</param>
    /// <exception cref="DivergedException">It is not finite.</exception>
    public static void ThrowIfNotFinite(string what, double value)
    {
        if (!double.IsFinite(value))
            throw new DivergedException($"the {what} became {value}");
    }
}
