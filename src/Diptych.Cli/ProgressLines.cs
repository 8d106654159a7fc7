using System.Diagnostics;

namespace Diptych.Cli;

/// <summary>Says on stderr how far a pass over images is: a line at the start and about ten more.</summary>
/// <param name="total">Images of the pass.</param>
internal sealed class ProgressLines(int total) : IProgress<int>
{
    private const int LineCount = 10;
    private readonly Stopwatch _clock = new();
    private int? _first;
    private int _next;

    /// <inheritdoc/>
    public void Report(int value)
    {
        _first ??= value;
        _clock.Start(); // what came before the first report is no image's time
        if (value < _next && value < total)
            return;
        _next = value + total / LineCount;
        Console.Error.WriteLine($"{value:N0} of {total:N0} images{(value > _first ? $", {(value - _first) / _clock.Elapsed.TotalSeconds:N0} images/s" : "")}");
    }
}
