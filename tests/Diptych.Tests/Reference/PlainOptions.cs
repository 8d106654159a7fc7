namespace Diptych.Tests.Reference;

/// <summary>A loss's options as plain loops: what becomes of one anchor's positives and negatives.</summary>
internal sealed record PlainOptions(string Name, double Temperature, double InfoNceShare = 0, double FalseNegativeShare = 0, double Hardness = 0, double Ceiling = double.PositiveInfinity)
{
    public PlainLoss TwoViews(double[][] first, double[][] second, int[]? labels = null)
    {
        double[][] both = [.. PlainLoss.Unit(first), .. PlainLoss.Unit(second)];
        int n = first.Length;
        bool IsPositive(int i, int j) => labels is null ? j % n == i % n : labels[j % n] == labels[i % n];
        return Of(both.Select((anchor, i) => (
            Similarities(anchor, both, j => j != i && IsPositive(i, j)), Similarities(anchor, both, j => !IsPositive(i, j)))));
    }

    public PlainLoss WithQueue(double[][] anchors, double[][] positives, double[][] queue)
    {
        (anchors, positives, queue) = (PlainLoss.Unit(anchors), PlainLoss.Unit(positives), PlainLoss.Unit(queue));
        return Of(anchors.Select((anchor, i) => (Similarities(anchor, positives, j => j == i), Similarities(anchor, queue, _ => true))));
    }

    public PlainLoss CrossView(double[][] anchors, double[][] positives)
    {
        (anchors, positives) = (PlainLoss.Unit(anchors), PlainLoss.Unit(positives));
        return Of(anchors.Select((anchor, i) => (Similarities(anchor, positives, j => j == i), Similarities(anchor, positives, j => j != i))));
    }

    private static double[] Similarities(double[] anchor, double[][] rows, Func<int, bool> isIn) =>
        [.. rows.Where((_, j) => isIn(j)).Select(row => PlainLoss.Dot(anchor, row))];

    private PlainLoss Of(IEnumerable<(double[] Positives, double[] Negatives)> anchors)
    {
        var known = anchors.ToArray();
        double[] exponentials = [.. known.Select(anchor => Math.Exp(anchor.Positives.Average() / 0.5))];
        var losses = new double[known.Length];
        var q = new double[known.Length];
        for (int i = 0; i < known.Length; i++)
        {
            double own = known[i].Positives.Sum(s => Math.Exp(s / Temperature)), positive = known[i].Positives.Average() / Temperature;
            double u = Negatives(known[i].Negatives, own / known[i].Positives.Length);
            double weight = Name == "dclw" ? 2 - exponentials[i] / exponentials.Average() : 1;
            double coupled = -positive + Math.Log(own + u), decoupled = -weight * positive + Math.Log(u);
            losses[i] = Name == "infonce" ? coupled : InfoNceShare * coupled + (1 - InfoNceShare) * decoupled;
            q[i] = u / (own + u);
        }
        return new PlainLoss(losses, q);
    }

    private double Negatives(double[] similarities, double meanPositive)
    {
        double[] kept = [.. similarities.Where(s => s <= Ceiling)];
        if (kept.Length == 0)
            kept = [similarities.Min()];
        double[] weights = [.. kept.Select(s => Math.Exp(Hardness * s / Temperature))];
        double u = kept.Zip(weights, (s, w) => w / weights.Average() * Math.Exp(s / Temperature)).Sum();
        return Math.Max((u - FalseNegativeShare * kept.Length * meanPositive) / (1 - FalseNegativeShare), FalseNegativeShare > 0 ? kept.Length * Math.Exp(-1 / Temperature) : 0);
    }
}
