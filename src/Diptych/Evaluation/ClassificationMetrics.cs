using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>What predictions on test images are worth.</summary>
public sealed record ClassificationMetrics
{
    private const int Bins = 15, Resamples = 1000, Stream = 1_000_003;

    /// <summary>Share of test images whose most likely class is right.</summary>
    public required double Top1 { get; init; }

    /// <summary>Its 95 % interval (Wilson).</summary>
    public required Interval Top1Interval { get; init; }

    /// <summary>Share whose class is among the five most likely; null with five classes or fewer.</summary>
    public double? Top5 { get; init; }

    /// <summary>Its 95 % interval (Wilson).</summary>
    public Interval? Top5Interval { get; init; }

    /// <summary>Mean F1 of the classes that occur in the test images or the predictions.</summary>
    public required double MacroF1 { get; init; }

    /// <summary>Its 95 % interval (bootstrap, 1,000 resamples of the test images); null where it was not asked for.</summary>
    public Interval? MacroF1Interval { get; init; }

    /// <summary>Expected calibration error: mean distance of confidence and accuracy over 15 equal bins of confidence, weighted by images; in [0, 1].</summary>
    /// <remarks>Source: Guo et al., arXiv 1706.04599. A bin takes its upper edge.</remarks>
    public required double CalibrationError { get; init; }

    /// <summary>Its 95 % interval (bootstrap). The error of a resample is biased upwards, so the interval may lie above the figure.</summary>
    public Interval? CalibrationErrorInterval { get; init; }

    /// <summary>Every class.</summary>
    public required IReadOnlyList<ClassMetrics> PerClass { get; init; }

    /// <summary>How many images of class i were named j, <c>[i][j]</c>.</summary>
    public required IReadOnlyList<IReadOnlyList<int>> Confusion { get; init; }

    /// <summary>Judges predictions.</summary>
    /// <param name="probabilities">Probability of each class, <c>[Q, C]</c>; of equal ones the lower label counts as more likely.</param>
    /// <param name="labels">True labels, Q ≥ 1.</param>
    /// <param name="names">Names of the C classes.</param>
    /// <param name="seed">Where the resamples start.</param>
    /// <param name="hasIntervals">Whether to resample the images for the intervals of F1 and calibration error, which takes longer than all the rest.</param>
    /// <param name="areVotes">Whether they are shares of votes: a class without any is then none of the five guesses of top-5.</param>
    /// <exception cref="ArgumentException">The shapes do not fit, or a label is no class.</exception>
    public static ClassificationMetrics Of(Tensor probabilities, IReadOnlyList<int> labels, IReadOnlyList<string> names, long seed = 1, bool hasIntervals = true, bool areVotes = false)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(names);
        if (probabilities.dim() != 2 || probabilities.shape[0] != labels.Count || probabilities.shape[1] != names.Count || labels.Count == 0)
            throw new ArgumentException($"Probabilities need the shape [{labels.Count}, {names.Count}] of labels and classes, with at least one label, but they are [{string.Join(", ", probabilities.shape)}].");
        FeatureRows.RequireLabels(labels, labels.Count, names.Count, "test images");
        using Tensor values = probabilities.to(ScalarType.Float64).cpu().contiguous();
        double[] all = values.data<double>().ToArray();
        int count = labels.Count, classes = names.Count;
        int[] predicted = new int[count], bins = new int[count];
        double[] confidence = new double[count];
        int top5 = 0;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<double> row = all.AsSpan(i * classes, classes);
            for (int c = 1; c < classes; c++)
                if (row[c] > row[predicted[i]])
                    predicted[i] = c;
            confidence[i] = row[predicted[i]];
            bins[i] = Math.Clamp((int)Math.Ceiling(confidence[i] * Bins) - 1, 0, Bins - 1);
            int better = 0;
            for (int c = 0; c < classes; c++)
                if (row[c] > row[labels[i]] || (row[c] == row[labels[i]] && c < labels[i]))
                    better++;
            top5 += better < 5 && !(areVotes && row[labels[i]] == 0) ? 1 : 0;
        }
        int[][] confusion = names.Select(_ => new int[classes]).ToArray();
        for (int i = 0; i < count; i++)
            confusion[labels[i]][predicted[i]]++;
        int right = Enumerable.Range(0, classes).Sum(c => confusion[c][c]);

        int[] everyImage = Enumerable.Range(0, count).ToArray(), sample = new int[count];
        int resamples = hasIntervals ? Resamples : 0;
        double[] f1s = new double[resamples], errors = new double[resamples];
        var random = new CounterRandom(seed, view: Stream);
        for (int r = 0; r < resamples; r++)
        {
            for (int i = 0; i < count; i++)
                sample[i] = random.NextInt32(count);
            (f1s[r], errors[r]) = Judge(sample);
        }
        var (macroF1, error) = Judge(everyImage);
        return new ClassificationMetrics
        {
            Top1 = (double)right / count,
            Top1Interval = Interval.OfShare(right, count),
            Top5 = classes > 5 ? (double)top5 / count : null,
            Top5Interval = classes > 5 ? Interval.OfShare(top5, count) : null,
            MacroF1 = macroF1,
            MacroF1Interval = hasIntervals ? Interval.OfSamples(f1s) : null,
            CalibrationError = error,
            CalibrationErrorInterval = hasIntervals ? Interval.OfSamples(errors) : null,
            PerClass = names.Select((name, c) => OfClass(name, confusion, c)).ToArray(),
            Confusion = confusion,
        };

        (double MacroF1, double Error) Judge(int[] images)
        {
            Span<double> excess = stackalloc double[Bins];
            excess.Clear();
            int[] hits = new int[classes], seen = new int[2 * classes]; // seen: true and predicted, together F1's denominator
            foreach (int i in images)
            {
                bool isRight = predicted[i] == labels[i];
                excess[bins[i]] += confidence[i] - (isRight ? 1 : 0);
                hits[labels[i]] += isRight ? 1 : 0;
                seen[labels[i]]++;
                seen[classes + predicted[i]]++;
            }
            double sum = 0, distance = 0;
            int occurring = 0;
            for (int c = 0; c < classes; c++)
            {
                int denominator = seen[c] + seen[classes + c];
                if (denominator == 0)
                    continue;
                occurring++;
                sum += 2.0 * hits[c] / denominator;
            }
            foreach (double bin in excess)
                distance += Math.Abs(bin);
            return (sum / occurring, distance / images.Length);
        }
    }

    private static ClassMetrics OfClass(string name, int[][] confusion, int c)
    {
        int images = confusion[c].Sum(), named = confusion.Sum(row => row[c]), right = confusion[c][c];
        return new ClassMetrics(name, images,
            images == 0 ? null : (double)right / images,
            images == 0 ? null : Interval.OfShare(right, images),
            named == 0 ? null : (double)right / named,
            images + named == 0 ? 0 : 2.0 * right / (images + named));
    }
}
