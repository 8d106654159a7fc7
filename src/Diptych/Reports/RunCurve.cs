using Diptych.Training;

namespace Diptych.Reports;

/// <summary>What a run said of its steps, thinned so that a run of any length fits in a plot.</summary>
public sealed record RunCurve
{
    private const int MostPoints = 100;

    /// <summary>Means over equally many steps each, in order.</summary>
    public required IReadOnlyList<CurvePoint> Points { get; init; }

    /// <summary>Online accuracy by epochs done; empty where it was not measured.</summary>
    public required IReadOnlyList<(double Epoch, double Accuracy)> Accuracy { get; init; }

    /// <summary>Mean loss of the last epoch's steps; null before the first step.</summary>
    public double? LastLoss { get; init; }

    /// <summary>Mean q of each epoch's steps.</summary>
    public IReadOnlyList<double> QByEpoch { get; init; } = [];

    /// <summary>Mean q of the last epoch's steps; null before the first step.</summary>
    public double? LastQ => QByEpoch.Count == 0 ? null : QByEpoch[^1];

    /// <summary>Reads <c>metrics.jsonl</c>.</summary>
    /// <param name="path">The file; a missing one gives an empty curve, a line that is torn is passed over.</param>
    public static RunCurve Read(string path)
    {
        var points = new List<CurvePoint>();
        var accuracy = new List<(int Step, double Accuracy)>();
        var pending = new List<StepMetrics>();
        var q = new List<double>();
        int stride = 1, epoch = -1, count = 0, stepsPerEpoch = 0;
        double lossSum = 0, qSum = 0;
        foreach (StepMetrics step in MetricsFile.Read(path))
        {
            if (step.Epoch != epoch)
            {
                Close();
                (epoch, count, lossSum, qSum) = (step.Epoch, 0, 0, 0);
            }
            (count, lossSum, qSum) = (count + 1, lossSum + step.Loss, qSum + step.QMean);
            stepsPerEpoch = step.Epoch == 0 ? Math.Max(stepsPerEpoch, step.Step) : stepsPerEpoch;
            if (step.OnlineAccuracy is { } measured)
                accuracy.Add((step.Step, measured));
            pending.Add(step);
            if (pending.Count < stride)
                continue;
            points.Add(CurvePoint.Of(pending));
            pending.Clear();
            if (points.Count == 2 * MostPoints)
            {
                points = [.. points.Chunk(2).Select(pair => pair[0].With(pair[1]))];
                stride *= 2;
            }
        }
        Close();
        double perEpoch = Math.Max(1, stepsPerEpoch);
        return new RunCurve
        {
            Points = [.. points.Select(p => p with { Epoch = p.Epoch / perEpoch })],
            Accuracy = [.. accuracy.Select(a => (a.Step / perEpoch, a.Accuracy))],
            LastLoss = count == 0 ? null : lossSum / count,
            QByEpoch = q,
        };

        void Close()
        {
            if (count > 0)
                q.Add(qSum / count);
        }
    }
}
