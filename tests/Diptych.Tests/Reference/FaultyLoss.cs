using static Diptych.Tests.Reference.PlainLoss;

namespace Diptych.Tests.Reference;

/// <summary>Two-view losses as plain loops, each with one mistake that a published implementation has made. Inputs are normalized unless the mistake is not to.</summary>
internal static class FaultyLoss
{
    public static double TwoLogSumExpsAdded(double[][] first, double[][] second, double t) =>
        OverAnchors(first, second, (own, other, i) =>
            -Dot(own[i], other[i]) / t + Math.Log(Sum(own, own[i], i, t)) + Math.Log(Sum(other, own[i], i, t)));

    public static double FiniteMask(double[][] first, double[][] second, double t) =>
        OverAnchors(first, second, (own, other, i) =>
        {
            double self = Math.Exp(1 / t + Math.Log(1e-45)), positive = Math.Exp(Dot(own[i], other[i]) / t + Math.Log(1e-45));
            return -Dot(own[i], other[i]) / t + Math.Log(Sum(own, own[i], i, t) + self + Sum(other, own[i], i, t) + positive);
        });

    public static double MaskOfNothing(double[][] first, double[][] second, double t) =>
        OverAnchors(first, second, (own, other, i) =>
            -Dot(own[i], other[i]) / t + Math.Log(Sum(own, own[i], -1, t) + Sum(other, own[i], -1, t)));

    public static double OneForEachBlankedEntry(double[][] first, double[][] second, double t) =>
        OverAnchors(first, second, (own, other, i) =>
            -Dot(own[i], other[i]) / t + Math.Log(2 + Sum(own, own[i], i, t) + Sum(other, own[i], i, t)));

    public static double OnlyCrossViewNegatives(double[][] first, double[][] second, double t) =>
        OverAnchors(first, second, (own, other, i) => -Dot(own[i], other[i]) / t + Math.Log(Sum(other, own[i], i, t)));

    public static double OneSided(double[][] first, double[][] second, double t) =>
        PlainLoss.TwoViews("dcl", first, second, t).PerAnchor.Take(first.Length).Average();

    public static double RawNegatives(double[][] first, double[][] second, double t)
    {
        (double[][] unitFirst, double[][] unitSecond) = (Unit(first), Unit(second));
        double sum = 0;
        for (int i = 0; i < first.Length; i++)
        {
            double positive = Dot(unitFirst[i], unitSecond[i]) / t;
            sum += -positive + Math.Log(Sum(first, first[i], i, t) + Sum(second, first[i], i, t));
            sum += -positive + Math.Log(Sum(second, second[i], i, t) + Sum(first, second[i], i, t));
        }
        return sum / (2 * first.Length);
    }

    /// <summary>Looks for the positive <paramref name="batch"/> rows away although the last batch is shorter.</summary>
    public static double MaskOfAFixedBatch(double[][] first, double[][] second, double t, int batch)
    {
        double[][] both = [.. Unit(first), .. Unit(second)];
        double sum = 0;
        for (int i = 0; i < both.Length; i++)
        {
            double u = 0;
            for (int j = 0; j < both.Length; j++)
            {
                if (j != i && Math.Abs(i - j) != batch)
                    u += Math.Exp(Dot(both[i], both[j]) / t);
            }
            sum += -Dot(both[i], both[(i + first.Length) % both.Length]) / t + Math.Log(u);
        }
        return sum / both.Length;
    }

    /// <summary>Weights whose mean runs over a part of the batch, as when each process takes its own.</summary>
    public static double WeightsOfEachPart(double[][] first, double[][] second, double t, double sigma, int part)
    {
        double[] decoupled = PlainLoss.TwoViews("dcl", first, second, t).PerAnchor;
        (first, second) = (Unit(first), Unit(second));
        double[] similarity = [.. first.Zip(second, Dot)];
        double sum = 0;
        for (int i = 0; i < decoupled.Length; i++)
        {
            int image = i % first.Length, start = image / part * part;
            double mean = similarity[start..(start + part)].Average(value => Math.Exp(value / sigma));
            double weight = 2 - Math.Exp(similarity[image] / sigma) / mean;
            sum += decoupled[i] + (1 - weight) * similarity[image] / t;
        }
        return sum / decoupled.Length;
    }

    private static double OverAnchors(double[][] first, double[][] second, Func<double[][], double[][], int, double> loss)
    {
        (first, second) = (Unit(first), Unit(second));
        double sum = 0;
        for (int i = 0; i < first.Length; i++)
            sum += loss(first, second, i) + loss(second, first, i);
        return sum / (2 * first.Length);
    }

    private static double Sum(double[][] rows, double[] anchor, int except, double t)
    {
        double sum = 0;
        for (int j = 0; j < rows.Length; j++)
        {
            if (j != except)
                sum += Math.Exp(Dot(rows[j], anchor) / t);
        }
        return sum;
    }
}
