namespace Diptych.Views;

/// <summary>How a <see cref="ViewLoader"/> works. None of it but the seed and the views changes a pixel.</summary>
public sealed record ViewLoaderOptions
{
    /// <summary>Images in a batch, ≥ 1.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Threads of the loader's own, ≥ 1.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Views of each image in training, ≥ 1.</summary>
    public int Views { get; init; } = 2;

    /// <summary>The run's seed.</summary>
    public long Seed { get; init; }

    /// <summary>Batches in memory at a time, the one being read included, ≥ 2.</summary>
    public int Prefetch { get; init; } = 3;

    /// <summary>Leaves out an epoch's last batch where it is short.</summary>
    public bool DropLast { get; init; } = true;

    /// <summary>Bytes that decoded images may take: each image no larger than its equal share is decoded once. 0 keeps none.</summary>
    public long KeepDecoded { get; init; } = 1L << 30;

    /// <summary>Checks every option.</summary>
    /// <exception cref="InvalidInputException">At least one option is unusable; the message has one line for each.</exception>
    public void Validate()
    {
        var mistakes = new List<string>();
        AtLeast(nameof(BatchSize), BatchSize, 1);
        AtLeast(nameof(Workers), Workers, 1);
        AtLeast(nameof(Views), Views, 1);
        AtLeast(nameof(Prefetch), Prefetch, 2);
        AtLeast(nameof(KeepDecoded), KeepDecoded, 0);
        if (mistakes.Count > 0)
            throw new InvalidInputException($"These loader options cannot be used:\n{string.Join('\n', mistakes)}");

        void AtLeast(string option, long value, long minimum)
        {
            if (value < minimum)
                mistakes.Add($"{option} must be at least {minimum}, but is {value:N0}.");
        }
    }
}
