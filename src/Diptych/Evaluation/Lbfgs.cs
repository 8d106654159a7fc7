namespace Diptych.Evaluation;

/// <summary>Finds the minimum of a smooth convex function from its values and gradients.</summary>
/// <remarks>L-BFGS with the last ten steps and halving of a step until it pays. Source: Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 3.1.</remarks>
internal static class Lbfgs
{
    private const int Memory = 10, MaximumHalvings = 30;
    private const double SufficientDecrease = 1e-4;

    /// <summary>Minimizes in place.</summary>
    /// <param name="point">Where to start; holds the minimum afterwards.</param>
    /// <param name="evaluate">The function: takes a point, fills the gradient, returns the value.</param>
    /// <param name="maximumIterations">After how many steps to be content.</param>
    /// <param name="tolerance">The largest entry of the gradient at which the minimum counts as found.</param>
    /// <returns>Steps made.</returns>
    public static int Minimize(double[] point, Func<double[], double[], double> evaluate, int maximumIterations, double tolerance)
    {
        var steps = new List<(double[] Step, double[] Change, double Curvature)>();
        double[] gradient = new double[point.Length], next = new double[point.Length], nextGradient = new double[point.Length];
        double value = evaluate(point, gradient);
        for (int iteration = 0; iteration < maximumIterations; iteration++)
        {
            if (gradient.Max(Math.Abs) <= tolerance)
                return iteration;
            double[] direction = Direction(gradient, steps);
            double slope = Dot(direction, gradient), length = steps.Count > 0 ? 1 : Math.Min(1, 1 / Math.Sqrt(Dot(gradient, gradient)));
            double nextValue = double.PositiveInfinity;
            for (int halving = 0; halving < MaximumHalvings; halving++, length /= 2)
            {
                for (int i = 0; i < point.Length; i++)
                    next[i] = point[i] + length * direction[i];
                nextValue = evaluate(next, nextGradient);
                if (nextValue <= value + SufficientDecrease * length * slope)
                    break;
            }
            if (!(nextValue < value))
                return iteration; // rounding hides any further decrease
            double[] step = new double[point.Length], change = new double[point.Length];
            for (int i = 0; i < point.Length; i++)
                (step[i], change[i]) = (next[i] - point[i], nextGradient[i] - gradient[i]);
            double curvature = Dot(step, change);
            if (curvature > 1e-12 * Dot(change, change))
                steps.Add((step, change, curvature));
            if (steps.Count > Memory)
                steps.RemoveAt(0);
            (value, gradient, nextGradient) = (nextValue, nextGradient, gradient);
            next.CopyTo(point, 0);
        }
        return maximumIterations;
    }

    private static double[] Direction(double[] gradient, List<(double[] Step, double[] Change, double Curvature)> steps)
    {
        double[] direction = new double[gradient.Length], shares = new double[steps.Count];
        for (int i = 0; i < gradient.Length; i++)
            direction[i] = -gradient[i];
        for (int s = steps.Count - 1; s >= 0; s--)
        {
            shares[s] = Dot(steps[s].Step, direction) / steps[s].Curvature;
            Add(direction, steps[s].Change, -shares[s]);
        }
        if (steps.Count > 0)
        {
            double scale = steps[^1].Curvature / Dot(steps[^1].Change, steps[^1].Change);
            for (int i = 0; i < direction.Length; i++)
                direction[i] *= scale;
        }
        for (int s = 0; s < steps.Count; s++)
            Add(direction, steps[s].Step, shares[s] - Dot(steps[s].Change, direction) / steps[s].Curvature);
        return direction;
    }

    private static double Dot(double[] first, double[] second)
    {
        double sum = 0;
        for (int i = 0; i < first.Length; i++)
            sum += first[i] * second[i];
        return sum;
    }

    private static void Add(double[] to, double[] values, double factor)
    {
        for (int i = 0; i < to.Length; i++)
            to[i] += factor * values[i];
    }
}
