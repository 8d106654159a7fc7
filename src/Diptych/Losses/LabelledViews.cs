using static TorchSharp.torch;

namespace Diptych.Losses;

/// <summary>Sums of rows by class: mean similarities to positives and negatives without a matrix of similarities.</summary>
internal sealed class LabelledViews
{
    private readonly Tensor _both, _numbers, _sums, _sizes;

    /// <param name="both">Unit rows of both views, view-major, <c>[2N, D]</c>.</param>
    /// <param name="labels">The class of each image.</param>
    public LabelledViews(Tensor both, IReadOnlyList<int> labels)
    {
        Dictionary<int, long> numbers = [];
        foreach (int label in labels)
            numbers.TryAdd(label, numbers.Count);
        Labels = [.. labels.Concat(labels).Select(label => numbers[label])];
        _both = both;
        _numbers = DeviceCopy.Send(Labels, both.device);                                // [2N]
        _sums = both.new_zeros(numbers.Count, both.shape[1]).index_add(0, _numbers, both, Arithmetic.One);       // [classes, D]
        _sizes = DeviceCopy.Send(SizesOf(Labels, numbers.Count), both.device).to_type(both.dtype);   // [classes]
    }

    /// <summary>Class number of each view, view-major.</summary>
    public long[] Labels { get; }

    /// <summary>Mean similarity of each anchor to the other views of its class: <c>[2N]</c>, with its gradient.</summary>
    public Tensor MeanPositiveSimilarity() =>
        (_both * (_sums.index_select(0, _numbers) - _both)).sum(dim: 1) / _sizes.index_select(0, _numbers).Minus(1);

    /// <summary>Mean similarity over all pairs of different classes.</summary>
    public Tensor MeanNegativeSimilarity()
    {
        using var gradients = no_grad();
        Tensor sum = _sums.sum(dim: 0);                                                 // [D]
        double views = Labels.Length;
        return (sum.dot(sum) - _sums.Squared().sum()) / _sizes.Squared().sum().neg().Plus(views * views);
    }

    private static long[] SizesOf(long[] numbers, int classes)
    {
        long[] sizes = new long[classes];
        foreach (long number in numbers)
            sizes[number]++;
        return sizes;
    }
}
