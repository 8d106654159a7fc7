using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>What holds for features however they are used.</summary>
internal static class FeatureRows
{
    private const int Block = 8192;

    /// <summary>Refuses features that are not finite: a comparison with them says nothing.</summary>
    /// <param name="features"><c>[M, F]</c>.</param>
    /// <param name="name">What they are, for the message.</param>
    /// <exception cref="ArgumentException">A value is not finite; the message names the row.</exception>
    public static void RequireFinite(Tensor features, string name)
    {
        for (long start = 0; start < features.shape[0]; start += Block)
        {
            using var scope = NewDisposeScope();
            Tensor finite = features.narrow(0, start, Math.Min(Block, features.shape[0] - start)).isfinite().all(1);
            if (!finite.all().item<bool>())
                throw new ArgumentException($"Row {start + finite.logical_not().to(ScalarType.Int32).argmax().item<long>()} of the {name} holds values that are not finite.");
        }
    }

    /// <summary>Refuses labels that do not belong to the rows.</summary>
    /// <param name="labels">A label a row.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="classes">How many classes there are; null where any number from 0 will do.</param>
    /// <param name="name">What the rows are, for the message.</param>
    /// <exception cref="ArgumentException">There are fewer or more, or one is no class.</exception>
    public static void RequireLabels(IReadOnlyList<int> labels, long rows, int? classes, string name)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Count != rows)
            throw new ArgumentException($"The {name} has {rows:N0} rows and {labels.Count:N0} labels.");
        foreach (int label in labels)
            if (label < 0 || label >= (classes ?? int.MaxValue))
                throw new ArgumentException($"Labels of the {name} must {(classes is { } count ? $"lie in [0, {count})" : "be at least 0")}, but there is {label}.");
    }

    /// <summary>Chosen rows, as a new tensor.</summary>
    public static Tensor Take(Tensor features, IReadOnlyList<int> rows)
    {
        using Tensor index = DeviceCopy.Send([.. rows.Select(r => (long)r)], features.device);
        return features.index_select(0, index);
    }
}
