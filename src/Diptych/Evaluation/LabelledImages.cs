using Diptych.Data;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>The labelled images of an evaluation, checked before anything is computed.</summary>
internal sealed class LabelledImages
{
    /// <summary>Checks two parts.</summary>
    /// <exception cref="InvalidInputException">Labels are missing, the classes differ, or a class of the test part has no training image; all of it in one message.</exception>
    public LabelledImages(IImageSource train, IImageSource test)
    {
        string[] unlabelled = new[] { train, test }.Where(source => source.LabelNames is null)
            .Select(source => $"{source.Description} has no labels, and an evaluation needs them. {source.WhyUnlabelled ?? "Give images in one folder for each class, or a data set that has labels."}").ToArray();
        if (unlabelled.Length > 0)
            throw new InvalidInputException(string.Join(Environment.NewLine, unlabelled.Distinct()));
        if (!train.LabelNames!.SequenceEqual(test.LabelNames!))
            throw new InvalidInputException($"The classes differ: {Names(train)} and {Names(test)}. Only one of them has {string.Join(", ", train.LabelNames!.Except(test.LabelNames!).Concat(test.LabelNames!.Except(train.LabelNames!)).Take(10))}. Both need the same class names.");
        (Train, Test, Classes) = (train, test, train.LabelNames!);
        (TrainLabels, TestLabels) = (LabelsOf(train), LabelsOf(test));
        var mistakes = new[] { (Source: train, Labels: TrainLabels), (Source: test, Labels: TestLabels) }.Where(part => part.Labels.Contains(-1))
            .Select(part => $"{part.Source.Description} has {part.Labels.Count(l => l < 0):N0} images without a label, the first of them {part.Source.GetName(Array.IndexOf(part.Labels, -1))}. Move them into class folders, or take them out.").ToList();
        string[] absent = TestLabels.Where(l => l >= 0).Except(TrainLabels).Order().Select(l => Classes[l]).ToArray();
        if (absent.Length > 0)
            mistakes.Add($"{train.Description} has no image of {string.Join(", ", absent.Take(10))}{(absent.Length > 10 ? $" and {absent.Length - 10:N0} more classes" : "")}, but {test.Description} has. Without a labelled example no image can be named so.");
        if (test.Count < 2)
            mistakes.Add($"{test.Description} holds one image, and figures need at least two to judge by. Name another test part.");
        if (mistakes.Count > 0)
            throw new InvalidInputException(string.Join(Environment.NewLine, mistakes));
    }

    public IImageSource Train { get; }

    public IImageSource Test { get; }

    public IReadOnlyList<string> Classes { get; }

    public int[] TrainLabels { get; }

    public int[] TestLabels { get; }

    /// <summary>How well probabilities name the test images. Of several draws of labels only the means are told, not each one's intervals.</summary>
    /// <param name="probabilities"><c>[N, C]</c>, a row a test image.</param>
    /// <param name="seed">Where the intervals' resampling starts.</param>
    /// <param name="draws">How many draws of labels these are one of.</param>
    /// <param name="areVotes">Whether they are shares of neighbours' votes.</param>
    public ClassificationMetrics Judge(Tensor probabilities, long seed, int draws, bool areVotes = false) =>
        ClassificationMetrics.Of(probabilities, TestLabels, Classes, seed, hasIntervals: draws == 1, areVotes);

    private static int[] LabelsOf(IImageSource source) => Enumerable.Range(0, source.Count).Select(source.GetLabel).ToArray();

    private static string Names(IImageSource source) =>
        $"{source.Description} has {source.LabelNames!.Count} ({string.Join(", ", source.LabelNames.Take(5))}{(source.LabelNames.Count > 5 ? ", …" : "")})";
}
