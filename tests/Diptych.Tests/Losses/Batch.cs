using CsCheck;
using Diptych.Losses;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

/// <summary>Random embeddings of two views, and a queue, that tests share.</summary>
internal sealed record Batch(double[][] First, double[][] Second, double[][] Queue, double Temperature)
{
    public int Images => First.Length;

    /// <summary>2 to 9 images, 1 to 12 dimensions, temperature 0.005 to 2, rows of lengths 0.01 to 100, views related or not.</summary>
    public static Gen<Batch> Any { get; } = Gen.Select(
        Gen.Int[2, 9], Gen.Int[1, 12], Gen.Double[Math.Log(0.005), Math.Log(2)], Gen.Double[0, 1], Gen.Int,
        (images, dimensions, logTemperature, relation, seed) => Create(images, dimensions, Math.Exp(logTemperature), relation, seed));

    public static Batch Create(int images, int dimensions, double temperature, double relation = 0.5, int seed = 1)
    {
        var random = new CounterRandom(seed);
        double[][] first = Rows(ref random, images, dimensions), other = Rows(ref random, images, dimensions);
        double[][] second = [.. first.Zip(other, (a, b) => a.Zip(b, (x, y) => relation * x + (1 - relation) * y).ToArray())];
        return new Batch(first, second, Rows(ref random, 2 * images + 1, dimensions), temperature);
    }

    public static Tensor Tensor(double[][] rows, ScalarType type = ScalarType.Float64, bool requiresGrad = false)
    {
        using Tensor exact = tensor([.. rows.SelectMany(row => row)], rows.Length, rows[0].Length, ScalarType.Float64);
        Tensor rounded = exact.to(type, copy: true);
        return requiresGrad ? rounded.requires_grad_() : rounded;
    }

    public static double[] Numbers(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
    }

    public static double Number(Tensor scalar) => Numbers(scalar)[0];

    public Tensor FirstTensor(bool requiresGrad = false) => Tensor(First, requiresGrad: requiresGrad);

    public Tensor SecondTensor(bool requiresGrad = false) => Tensor(Second, requiresGrad: requiresGrad);

    public Tensor QueueTensor() => Tensor(Queue);

    public static IEnumerable<ContrastiveLoss> EveryLoss(double temperature) => ContrastiveLoss.Names.Select(name => ContrastiveLoss.Create(name, temperature));

    /// <summary>Each pairing as a function of the two views.</summary>
    public IEnumerable<(string Name, Func<ContrastiveLoss, Tensor, Tensor, LossValue> Of)> Pairings(ScalarType queueType = ScalarType.Float64)
    {
        yield return ("two views", (loss, first, second) => loss.TwoViews(first, second));
        yield return ("with queue", (loss, first, second) => loss.WithQueue(first, second, Tensor(Queue, queueType)));
        yield return ("cross view", (loss, first, second) => loss.CrossView(first, second));
    }

    private static double[][] Rows(ref CounterRandom random, int count, int dimensions)
    {
        var rows = new double[count][];
        for (int i = 0; i < count; i++)
        {
            double length = Math.Pow(10, random.NextDouble(-2, 2));
            rows[i] = new double[dimensions];
            for (int j = 0; j < dimensions; j++)
                rows[i][j] = length * random.NextDouble(-1, 1);
        }
        return rows;
    }
}
