using System.Diagnostics;

namespace Diptych.Cli;

/// <summary>Says on stderr how far a pass over images is: a line at the start and about ten more.</summary>
/// <param name="total">Images of the pass.</param>
internal sealed class ProgressLines(int total) : IProgress<int>
{
    private const int LineCount = 10;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Stopwatch _clock = new();
    private int? _first;
    private int _next;

    /// <summary>What is counted.</summary>
    public string What { get; init; } = "images";

    /// <summary>How long nothing is said: a pass that is over by then needs no lines.</summary>
    public TimeSpan Patience { get; init; }

    /// <inheritdoc/>
    public void Report(int value)
    {
        _first ??= value;
        _clock.Start(); // what came before the first report is no image's time
        if ((value < _next && value < total) || Stopwatch.GetElapsedTime(_start) < Patience)
            return;
        _next = value + total / LineCount;
        Console.Error.WriteLine($"{value:N0} of {total:N0} {What}{(value > _first ? $", {(value - _first) / _clock.Elapsed.TotalSeconds:N0} images/s" : "")}");
    }
}
