namespace Diptych.Tests.Reference;

/// <summary>The losses as plain loops over rows of numbers, as the formulas are written; rows are normalized here.</summary>
/// <param name="PerAnchor">Loss of each anchor, view-major.</param>
/// <param name="Q">1 − p⁺ of each anchor, view-major.</param>
internal sealed record PlainLoss(double[] PerAnchor, double[] Q)
{
    public double Mean => PerAnchor.Average();

    public static PlainLoss TwoViews(string name, double[][] first, double[][] second, double temperature, double sigma = 0.5)
    {
        (first, second) = (Unit(first), Unit(second));
        double[] weights = Weights(name, first, second, sigma);
        var anchors = new List<(double, double)>();
        foreach ((double[][] own, double[][] other) in new[] { (first, second), (second, first) })
        {
            for (int i = 0; i < own.Length; i++)
            {
                var negatives = new List<double>();
                for (int j = 0; j < own.Length; j++)
                {
                    if (j == i)
                        continue;
                    negatives.Add(Dot(own[i], own[j]));
                    negatives.Add(Dot(own[i], other[j]));
                }
                anchors.Add(Anchor(name, Dot(own[i], other[i]), negatives, temperature, weights[i]));
            }
        }
        return Of(anchors);
    }

    public static PlainLoss WithQueue(string name, double[][] anchor, double[][] positive, double[][] queue, double temperature, double sigma = 0.5)
    {
        (anchor, positive, queue) = (Unit(anchor), Unit(positive), Unit(queue));
        double[] weights = Weights(name, anchor, positive, sigma);
        var anchors = new List<(double, double)>();
        for (int i = 0; i < anchor.Length; i++)
        {
            var negatives = new List<double>();
            foreach (double[] waiting in queue)
                negatives.Add(Dot(anchor[i], waiting));
            anchors.Add(Anchor(name, Dot(anchor[i], positive[i]), negatives, temperature, weights[i]));
        }
        return Of(anchors);
    }

    public static PlainLoss CrossView(string name, double[][] anchor, double[][] positive, double temperature, double sigma = 0.5)
    {
        (anchor, positive) = (Unit(anchor), Unit(positive));
        double[] weights = Weights(name, anchor, positive, sigma);
        var anchors = new List<(double, double)>();
        for (int i = 0; i < anchor.Length; i++)
        {
            var negatives = new List<double>();
            for (int j = 0; j < positive.Length; j++)
            {
                if (j != i)
                    negatives.Add(Dot(anchor[i], positive[j]));
            }
            anchors.Add(Anchor(name, Dot(anchor[i], positive[i]), negatives, temperature, weights[i]));
        }
        return Of(anchors);
    }

    public static double[][] Unit(double[][] rows) =>
        [.. rows.Select(row => { double length = Math.Sqrt(Dot(row, row)); return row.Select(value => value / length).ToArray(); })];

    public static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    public static double SquaredDistance(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }

    private static (double Loss, double Q) Anchor(string name, double positive, List<double> negatives, double temperature, double weight)
    {
        double u = 0;
        foreach (double negative in negatives)
            u += Math.Exp(negative / temperature);
        double own = Math.Exp(positive / temperature);
        double loss = -weight * positive / temperature + Math.Log(name == "infonce" ? own + u : u);
        return (loss, u / (own + u));
    }

    private static double[] Weights(string name, double[][] first, double[][] second, double sigma)
    {
        double[] exponentials = new double[first.Length];
        for (int i = 0; i < first.Length; i++)
            exponentials[i] = Math.Exp(Dot(first[i], second[i]) / sigma);
        double mean = exponentials.Average();
        return [.. exponentials.Select(value => name == "dclw" ? 2 - value / mean : 1)];
    }

    private static PlainLoss Of(List<(double Loss, double Q)> anchors) =>
        new([.. anchors.Select(anchor => anchor.Loss)], [.. anchors.Select(anchor => anchor.Q)]);
}
