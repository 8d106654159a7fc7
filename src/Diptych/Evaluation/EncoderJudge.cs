using Diptych.Data;
using Diptych.Models;
using Diptych.Views;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>One encoder, judged by classifiers that learn from random views of images and not from features once computed.</summary>
internal sealed class EncoderJudge(LabelledImages images, EvaluationOptions options, string name, int? epoch, ResNet encoder, ViewRecipe views)
{
    private ClassifierOptions Training => options.Classifier with { Seed = options.Seed };

    /// <summary>The papers' linear probe on every draw, its rate chosen within the draw.</summary>
    /// <param name="labels">Which labelled images, in words.</param>
    /// <param name="draws">Their indices.</param>
    /// <param name="test">The encoder's features of the test images.</param>
    public EvaluationRow ByAugmentedProbe(string labels, int[][] draws, Tensor test)
    {
        var rates = new List<double>();
        var figures = draws.Select(draw =>
        {
            using var scope = NewDisposeScope();
            using var source = new ImageSubset(images.Train, draw);
            var (classifier, rate) = AugmentedProbe.Fit(encoder, views, source, LabelsOf(draw), images.Classes.Count, Training);
            rates.Add(rate);
            using (classifier)
                return images.Judge(classifier.Probabilities(test), options.Seed, draws.Length);
        }).ToList();
        return Row("augmented probe", labels, draws, figures) with { LearningRate = rates.Distinct().Count() == 1 ? rates[0] : null, IsChosen = true };
    }

    /// <summary>A copy of the encoder, trained on every draw.</summary>
    /// <param name="labels">Which labelled images, in words.</param>
    /// <param name="draws">Their indices.</param>
    public EvaluationRow ByFineTuning(string labels, int[][] draws)
    {
        var figures = draws.Select(draw =>
        {
            using var scope = NewDisposeScope();
            using var source = new ImageSubset(images.Train, draw);
            var (tuned, classifier) = FineTuning.Fit(encoder, views, source, LabelsOf(draw), images.Classes.Count, Training);
            using (tuned)
            using (classifier)
                return images.Judge(classifier.Probabilities(FeatureExtractor.Extract(tuned, images.Test, views)), options.Seed, draws.Length);
        }).ToList();
        return Row("fine-tuning", labels, draws, figures) with { LearningRate = Training.LearningRate };
    }

    private int[] LabelsOf(int[] draw) => [.. draw.Select(i => images.TrainLabels[i])];

    private EvaluationRow Row(string classifier, string labels, int[][] draws, List<ClassificationMetrics> figures) =>
        EvaluationRow.Of(figures, name, epoch, classifier, labels, draws, images.Test.Description, options.Seed);
}
