namespace Diptych.Evaluation;

/// <summary>The protocol of an evaluation. Nothing in it is chosen on test images.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Whether to classify by nearest neighbours.</summary>
    public bool NearestNeighbour { get; init; } = true;

    /// <summary>Whether to fit a linear probe on the features of whole images.</summary>
    public bool Linear { get; init; }

    /// <summary>Whether to fit the linear probe of the papers: on random views, by SGD.</summary>
    public bool AugmentedProbe { get; init; }

    /// <summary>Whether to train a copy of the whole encoder with labels.</summary>
    public bool FineTune { get; init; }

    /// <summary>How classifiers are trained on random views.</summary>
    public ClassifierOptions Classifier { get; init; } = new();

    /// <summary>Whether to measure raw pixels and the untrained encoder too, by the same protocol.</summary>
    public bool Baselines { get; init; } = true;

    /// <summary>Whether to measure how well images of a class find each other.</summary>
    public bool Retrieval { get; init; }

    /// <summary>Whether to compare k-means groups, as many as classes, with the labels.</summary>
    public bool Clusters { get; init; }

    /// <summary>Neighbours that vote when all labels are used; each is a row of the table, or one to choose from. Null for 20, or 5 where there are fewer than 20 labelled images a class; or, to choose from, for <see cref="NearestNeighbour.UsualK"/>.</summary>
    public IReadOnlyList<int>? K { get; init; }

    /// <summary>Temperatures of the votes, exp(similarity / temperature); each is a row of the table, or one to choose from.</summary>
    public IReadOnlyList<double> Temperature { get; init; } = [0.1];

    /// <summary>Whether k and temperature are chosen, for each set of labels, on held-out labelled images.</summary>
    public bool Choose { get; init; }

    /// <summary>Labelled images a class in the few-label figures. Null for 10 where each class has more, and for no such figures where one has not.</summary>
    public int? LabelsPerClass { get; init; }

    /// <summary>Share of each class's labels in the few-label figures, in (0, 1], instead of <see cref="LabelsPerClass"/>; null for none.</summary>
    public double? LabelFraction { get; init; }

    /// <summary>How often the few labelled images are drawn anew.</summary>
    public int Draws { get; init; } = 10;

    /// <summary>Where the draws, the held-out parts, the untrained encoder's weights and the resamples start.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Whether anything learns from labels.</summary>
    internal bool HasClassifier => NearestNeighbour || Linear || AugmentedProbe || FineTune;

    /// <summary>Checks every setting and speaks of all mistakes at once.</summary>
    /// <exception cref="InvalidInputException">At least one setting cannot be used; one line for each.</exception>
    public void Validate()
    {
        var mistakes = new List<string>();
        if (!(NearestNeighbour || Linear || AugmentedProbe || FineTune || Retrieval || Clusters))
            mistakes.Add("Nothing is to be measured.");
        if (K is { } given && (given.Count == 0 || given.Any(k => k < 1)))
            mistakes.Add($"--k must be at least 1, but it is {string.Join(",", given)}.");
        if (Temperature.Count == 0 || Temperature.Any(t => !(t > 0 && double.IsFinite(t))))
            mistakes.Add($"--temperature must be above 0, but it is {string.Join(",", Temperature)}.");
        if (K is not null && K.Distinct().Count() < K.Count)
            mistakes.Add($"--k takes each number once, but it is {string.Join(",", K)}.");
        if (Temperature.Distinct().Count() < Temperature.Count)
            mistakes.Add($"--temperature takes each number once, but it is {string.Join(",", Temperature)}.");
        if (LabelsPerClass < 1)
            mistakes.Add($"--labels-per-class must be at least 1, but it is {LabelsPerClass}.");
        if (LabelFraction is { } fraction && !(fraction > 0 && fraction <= 1))
            mistakes.Add($"--label-fraction must be above 0 and at most 1, but it is {fraction}.");
        if (Draws < 1)
            mistakes.Add($"--draws must be at least 1, but it is {Draws}.");
        if (Classifier.Epochs < 1)
            mistakes.Add($"--epochs must be at least 1, but it is {Classifier.Epochs}.");
        if (!(Classifier.LearningRate > 0 && double.IsFinite(Classifier.LearningRate)))
            mistakes.Add($"--learning-rate must be above 0, but it is {Classifier.LearningRate}.");
        if (!(Classifier.LayerDecay > 0 && Classifier.LayerDecay <= 1))
            mistakes.Add($"--layer-decay must be above 0 and at most 1, but it is {Classifier.LayerDecay}.");
        if (Classifier.Batch < 1 || Classifier.FewestSteps < 1)
            mistakes.Add($"A classifier's batch and fewest steps must be at least 1, but they are {Classifier.Batch} and {Classifier.FewestSteps}.");
        if (!(Classifier.WeightDecay >= 0 && double.IsFinite(Classifier.WeightDecay)))
            mistakes.Add($"A classifier's weight decay must be at least 0, but it is {Classifier.WeightDecay}.");
        if (mistakes.Count > 0)
            throw new InvalidInputException(string.Join(Environment.NewLine, mistakes));
    }
}
