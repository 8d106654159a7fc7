namespace Diptych.Evaluation;

/// <summary>The protocol of a nearest-neighbour evaluation. Nothing in it is chosen on test images.</summary>
public sealed record NearestNeighbourOptions
{
    /// <summary>Neighbours that vote when all labels are used.</summary>
    public int K { get; init; } = 20;

    /// <summary>Neighbours that vote when few labels are used.</summary>
    public int FewLabelsK { get; init; } = 5;

    /// <summary>Temperature of the votes, exp(similarity / temperature).</summary>
    public double Temperature { get; init; } = 0.1;

    /// <summary>Labelled images a class in the few-label evaluation.</summary>
    public int LabelsPerClass { get; init; } = 10;

    /// <summary>How often the few labelled images are drawn anew.</summary>
    public int Draws { get; init; } = 10;

    /// <summary>Where the draws and the untrained encoder's weights start.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Checks every setting and speaks of all mistakes at once.</summary>
    /// <exception cref="InvalidInputException">At least one setting cannot be used; one line for each.</exception>
    public void Validate()
    {
        var mistakes = new List<string>();
        if (K < 1)
            mistakes.Add($"--k must be at least 1, but it is {K}.");
        if (FewLabelsK < 1)
            mistakes.Add($"k with few labels must be at least 1, but it is {FewLabelsK}.");
        if (!(Temperature > 0 && double.IsFinite(Temperature)))
            mistakes.Add($"--temperature must be above 0, but it is {Temperature}.");
        if (LabelsPerClass < 1)
            mistakes.Add($"--labels-per-class must be at least 1, but it is {LabelsPerClass}.");
        if (Draws < 1)
            mistakes.Add($"The number of draws must be at least 1, but it is {Draws}.");
        if (mistakes.Count > 0)
            throw new InvalidInputException(string.Join(Environment.NewLine, mistakes));
    }
}
