namespace Diptych.Views;

/// <summary>How <see cref="ImagePacking"/> stores images.</summary>
public sealed record PackingOptions
{
    /// <summary>The ways to store an image.</summary>
    public static IReadOnlyList<string> Stores { get; } = ["jpeg", "raw"];

    /// <summary>Pixels of the shorter side, ≥ 1; smaller images stay as they are.</summary>
    public int Size { get; init; } = 256;

    /// <summary><c>jpeg</c>, or <c>raw</c> for red, green and blue bytes: about ten times the room, and nothing is lost but by resizing.</summary>
    public string Store { get; init; } = "jpeg";

    /// <summary>Quality of the JPEG files, 1 to 100.</summary>
    public int Quality { get; init; } = 90;

    /// <summary>Threads that decode, resize and encode, ≥ 1. Changes no byte.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Checks every option.</summary>
    /// <exception cref="InvalidInputException">At least one option is unusable; one line for each.</exception>
    public void Validate()
    {
        var mistakes = new List<string>();
        if (Size is < 1 or > 16_384)
            mistakes.Add($"--size must be from 1 to 16,384, but it is {Size:N0}.");
        if (!Stores.Contains(Store))
            mistakes.Add(NearMiss.Describe("store", Store, Stores));
        if (Quality is < 1 or > 100)
            mistakes.Add($"--quality must be from 1 to 100, but it is {Quality:N0}.");
        if (Workers < 1)
            mistakes.Add($"--workers must be at least 1, but it is {Workers:N0}.");
        if (mistakes.Count > 0)
            throw new InvalidInputException(string.Join(Environment.NewLine, mistakes));
    }
}
