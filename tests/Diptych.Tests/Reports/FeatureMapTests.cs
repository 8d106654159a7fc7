using Diptych.Data;
using Diptych.Reports;
using static TorchSharp.torch;

namespace Diptych.Tests.Reports;

public sealed class FeatureMapTests
{
    private static Tensor Rows(int count, int length, int seed)
    {
        var random = new Random(seed);
        return tensor(Enumerable.Range(0, count * length).Select(_ => (float)random.NextDouble()).ToArray(), [count, length]);
    }

    // Three groups far apart, in 20 dimensions.
    private static Tensor Groups()
    {
        Tensor rows = Rows(90, 20, 1);
        for (int group = 0; group < 3; group++)
            rows.narrow(0, 30 * group, 30).narrow(1, group, 1).add_(10);
        return rows;
    }

    [Fact]
    public void Principal_components_are_those_directions_in_which_the_rows_differ_most()
    {
        using var scope = NewDisposeScope();
        Tensor rows = Rows(200, 5, 1) * tensor(new float[] { 1, 9, 1, 4, 1 });
        float[] points = [.. FeatureMap.Pca(rows).data<float>()];
        float[] wide = [.. (rows - rows.mean([0L], keepdim: true)).contiguous().data<float>()];
        double Correlation(int component, int column)
        {
            double both = 0, first = 0, second = 0;
            for (int i = 0; i < 200; i++)
                (both, first, second) = (both + points[2 * i + component] * wide[5 * i + column], first + Math.Pow(points[2 * i + component], 2), second + Math.Pow(wide[5 * i + column], 2));
            return both / Math.Sqrt(first * second);
        }
        Assert.InRange(Correlation(0, 1), 0.99, 1); // the sign is that of the largest entry
        Assert.InRange(Correlation(1, 3), 0.95, 1);
    }

    [Fact]
    public void Neighbour_probabilities_are_those_of_plain_loops_at_the_wanted_perplexity()
    {
        const int Count = 12;
        const double Perplexity = 3;
        using var scope = NewDisposeScope();
        Tensor rows = Rows(Count, 4, 2);
        float[] values = [.. rows.data<float>()];
        double[,] conditional = new double[Count, Count];
        for (int i = 0; i < Count; i++)
        {
            double low = 0, high = double.PositiveInfinity, beta = 1;
            for (int search = 0; search < 200; search++)
            {
                double sum = 0;
                for (int j = 0; j < Count; j++)
                    sum += conditional[i, j] = i == j ? 0 : Math.Exp(-beta * Enumerable.Range(0, 4).Sum(d => Math.Pow(values[4 * i + d] - values[4 * j + d], 2)));
                double entropy = 0;
                for (int j = 0; j < Count; j++)
                    entropy -= (conditional[i, j] /= sum) > 0 ? conditional[i, j] * Math.Log(conditional[i, j]) : 0;
                (low, high) = entropy > Math.Log(Perplexity) ? (beta, high) : (low, beta);
                beta = double.IsInfinity(high) ? 2 * beta : (low + high) / 2;
            }
        }
        float[] found = [.. FeatureMap.Affinities(rows, Perplexity).data<float>()];
        for (int i = 0; i < Count; i++)
            for (int j = 0; j < Count; j++)
                Assert.Equal((conditional[i, j] + conditional[j, i]) / (2 * Count), found[i * Count + j], 1e-5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void A_row_far_from_all_others_has_neighbours_too(float range)
    {
        const int Count = 101;
        using var scope = NewDisposeScope();
        Tensor rows = Rows(Count, 4, 5) * 0.01;
        rows[0] = 10;
        rows.narrow(0, 1, Count - 1).narrow(1, 0, 1).mul_(range);
        Tensor shared = FeatureMap.Affinities(rows, 30);
        Assert.True(shared.isfinite().all().item<bool>());
        Assert.Equal(1, shared.sum().item<float>(), 1e-4);
        Assert.All(shared.sum(dim: 1).data<float>().ToArray(), share => Assert.True(share >= 0.49 / Count)); // half of it is the row's own choice
        Assert.True(FeatureMap.Tsne(rows).isfinite().all().item<bool>());
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void The_fewest_rows_have_a_map(int count)
    {
        using var scope = NewDisposeScope();
        Assert.True(FeatureMap.Tsne(Rows(count, 8, 6)).isfinite().all().item<bool>());
    }

    [Fact]
    public void The_gradient_is_that_of_the_divergence()
    {
        const int Count = 8;
        using var scope = NewDisposeScope();
        double[] shared = [.. FeatureMap.Affinities(Rows(Count, 4, 3), 2).to(ScalarType.Float64).data<double>()];
        double[] points = [.. Rows(Count, 2, 4).to(ScalarType.Float64).data<double>()];
        double Divergence(double[] at)
        {
            double[] near = [.. from i in Enumerable.Range(0, Count) from j in Enumerable.Range(0, Count) select i == j ? 0 : 1 / (1 + Math.Pow(at[2 * i] - at[2 * j], 2) + Math.Pow(at[2 * i + 1] - at[2 * j + 1], 2))];
            double sum = near.Sum();
            return Enumerable.Range(0, Count * Count).Where(k => shared[k] > 0).Sum(k => shared[k] * Math.Log(shared[k] / (near[k] / sum)));
        }
        double[] gradient = [.. FeatureMap.Gradient(tensor(shared, [Count, Count]), tensor(points, [Count, 2])).data<double>()];
        for (int k = 0; k < points.Length; k++)
        {
            double[] up = [.. points], down = [.. points];
            (up[k], down[k]) = (up[k] + 1e-6, down[k] - 1e-6);
            Assert.Equal((Divergence(up) - Divergence(down)) / 2e-6, gradient[k], 1e-6);
        }
    }

    [Fact]
    public void Groups_stay_groups_and_the_map_is_the_same_each_time()
    {
        using var scope = NewDisposeScope();
        Tensor map = FeatureMap.Tsne(Groups());
        float[] points = [.. map.data<float>()];
        Assert.Equal(points, FeatureMap.Tsne(Groups()).data<float>().ToArray());
        for (int i = 0; i < 90; i++)
        {
            int nearest = Enumerable.Range(0, 90).Where(j => j != i).MinBy(j => Math.Pow(points[2 * i] - points[2 * j], 2) + Math.Pow(points[2 * i + 1] - points[2 * j + 1], 2));
            Assert.Equal(i / 30, nearest / 30);
        }
    }

    [Fact]
    public void Thumbnails_of_ten_thousand_images_leave_room_in_twenty_megabytes()
    {
        using IImageSource tiles = ImageSource.Open(Repository.Sample("train.tar"));
        var half = Thumbnails.Of(tiles); // 5,000 images: the small size
        Assert.Equal((32, 2), (half.Size, half.Files.Count));
        Assert.InRange(2 * half.Files.Sum(f => f.Length) * 4 / 3, 1_000_000, 15_000_000);
    }
}
