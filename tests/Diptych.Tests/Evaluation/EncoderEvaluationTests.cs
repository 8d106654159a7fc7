using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Losses;
using Diptych.Models;
using Diptych.Tests.Data;
using Diptych.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Tests.Evaluation;

public sealed class EncoderEvaluationTests
{
    private static readonly ViewRecipe Recipe = ViewRecipe.Named("satellite", 8);

    private static readonly EvaluationOptions Everything = new() { Linear = true, Retrieval = true, Clusters = true, LabelsPerClass = 3, Draws = 2 };

    private static readonly ClassifierOptions Short = new() { Epochs = 1, FewestSteps = 2, Batch = 20 };

    private static ImageSubset Tiles(int start, int count) => new(ImageSource.Open(Repository.Sample("test.tar")), Enumerable.Range(0, count).Select(i => start + i * 5), ownsSource: true);

    private static ResNet Encoder() => new(new EncoderSettings { Width = 4 });

    [Fact]
    public void Changes_no_weight_and_no_statistic()
    {
        using ImageSubset train = Tiles(0, 200), test = Tiles(1, 60);
        using ResNet encoder = Encoder();
        using var projector = new Projector(encoder.Settings.FeatureCount, 8, 4);
        encoder.train();
        projector.train();
        Dictionary<string, Tensor> before = State();
        EvaluationResult result = new EncoderEvaluation(train, test, Everything with { AugmentedProbe = true, FineTune = true, Classifier = Short }).Run(new EvaluatedEncoder(encoder, Recipe, "dcl") { Projector = projector });
        Assert.Equal(["raw pixels", "untrained encoder", "dcl", "dcl embedding"], result.Features.Select(f => f.Features));
        Assert.True(encoder.training && projector.training);
        foreach (var (name, tensor) in State())
            Assert.True(tensor.equal(before[name]).all().item<bool>(), name);

        Dictionary<string, Tensor> State() => encoder.state_dict().Concat(projector.state_dict()).ToDictionary(t => t.Key, t => t.Value.clone());
    }

    [Theory]
    [InlineData(30, 20, 10)]
    [InlineData(19, 5, 10)]
    [InlineData(11, 5, 10)]
    [InlineData(10, 5, null)]
    [InlineData(3, 5, null)]
    [InlineData(1, 5, null)]
    public void Where_labels_are_few_fewer_vote_and_no_figure_is_given_twice(int perClass, int k, int? few)
    {
        using IImageSource all = ImageSource.Open(Repository.Sample("test.tar"));
        using ImageSubset train = new(all, StratifiedDraw.PerClass(all, perClass, 3), ownsSource: false), test = Tiles(1, 60);
        using ResNet encoder = Encoder();
        EvaluationResult result = new EncoderEvaluation(train, test, new() { Baselines = false }).Run(new EvaluatedEncoder(encoder, Recipe, "x"));
        Assert.Equal(("all", k), (result.Results[0].Labels, result.Results[0].K));
        Assert.Equal(few is null ? [] : [$"{few} a class"], result.Results.Skip(1).Select(r => r.Labels));
        if (few is null)
            Assert.Contains("no figures of few labels apart, since a class has no more than 10", result.Protocol, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_drawn_that_are_all_there_are_make_no_row_of_their_own()
    {
        using IImageSource all = ImageSource.Open(Repository.Sample("test.tar"));
        using ImageSubset train = new(all, StratifiedDraw.PerClass(all, 4, 3), ownsSource: false), test = Tiles(1, 60);
        using ResNet encoder = Encoder();
        foreach (EvaluationOptions options in (EvaluationOptions[])[new() { LabelsPerClass = 4 }, new() { LabelFraction = 1 }])
        {
            EvaluationResult result = new EncoderEvaluation(train, test, options with { Baselines = false, Linear = true, Choose = true }).Run(new EvaluatedEncoder(encoder, Recipe, "x"));
            Assert.Equal(["all", "all"], result.Results.Select(r => r.Labels));
            Assert.Contains(" are all there are", result.Protocol, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void One_test_image_is_too_few()
    {
        using ImageSubset train = Tiles(0, 200), test = Tiles(1, 1);
        Assert.Contains("holds one image, and figures need at least two to judge by.", Assert.Throws<InvalidInputException>(() => new EncoderEvaluation(train, test, Everything)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_for_each_k_temperature_and_kind_of_labels_with_its_protocol()
    {
        using ImageSubset train = Tiles(0, 200), test = Tiles(1, 60);
        using ResNet encoder = Encoder();
        EvaluationResult result = new EncoderEvaluation(train, test, Everything with { K = [1, 7], Temperature = [0.1, 0.5] }).Run(new EvaluatedEncoder(encoder, Recipe, "dcl") { Epoch = 12 });
        EvaluationRow[] own = result.Results.Where(r => r.Features == "dcl").ToArray();
        Assert.Equal(
            [("nearest neighbour", "all", 1, 0.1), ("nearest neighbour", "all", 1, 0.5), ("nearest neighbour", "all", 7, 0.1), ("nearest neighbour", "all", 7, 0.5), ("nearest neighbour", "3 a class", 5, 0.1), ("nearest neighbour", "3 a class", 5, 0.5), ("linear probe", "all", (int?)null, (double?)null), ("linear probe", "3 a class", null, null)],
            own.Select(r => (r.Classifier, r.Labels, r.K, r.Temperature)));
        Assert.All(own, r => Assert.Equal((12, 1, r.Labels == "all" ? 200 : 30, r.Labels == "all" ? 1 : 2, test.Description), (r.Epoch, r.Seed, r.LabelCount, r.Draws, r.Split)));
        Assert.All(own, r => Assert.Equal(r.Labels == "all", r.Metrics is not null && r.AccuracyDeviation is null));
        Assert.All(own, r => Assert.Equal(r.Classifier == "linear probe", r.IsChosen));
        Assert.All(result.Results.Where(r => r.Features != "dcl"), r => Assert.True(r.Epoch is null or 0));

        // The figure of a row is that of the parts it was made of.
        using var scope = NewDisposeScope();
        int[] LabelsOf(IImageSource source) => Enumerable.Range(0, source.Count).Select(source.GetLabel).ToArray();
        int[] predicted = NearestNeighbour.Predict(FeatureExtractor.Extract(encoder, train, Recipe), LabelsOf(train), FeatureExtractor.Extract(encoder, test, Recipe), 10, 7, 0.5);
        Assert.Equal(NearestNeighbour.Accuracy(predicted, LabelsOf(test)), own[3].Accuracy, 1e-12);
        Assert.Equal(own[3].Accuracy, own[3].Metrics!.Top1);
        double[] fewLabels = [.. new[] { 1L, 2 }.Select(seed =>
        {
            int[] drawn = StratifiedDraw.PerClass(train, 3, seed);
            using var few = new ImageSubset(train, drawn);
            return NearestNeighbour.Accuracy(NearestNeighbour.Predict(FeatureExtractor.Extract(encoder, few, Recipe), LabelsOf(few), FeatureExtractor.Extract(encoder, test, Recipe), 10, 5, 0.5), LabelsOf(test));
        })];
        Assert.Equal(fewLabels.Average(), own[5].Accuracy, 1e-12);
        Assert.Equal(Math.Abs(fewLabels[0] - fewLabels[1]) / Math.Sqrt(2), own[5].AccuracyDeviation!.Value, 1e-12);
    }

    [Fact]
    [Trait(Gpu.Trait, Gpu.Name)]
    public void On_a_GPU_the_figures_are_the_CPUs()
    {
        Device gpu = Gpu.OrSkip();
        using IDisposable exact = Gpu.WithoutRounding();
        using ImageSubset train = Tiles(0, 200), test = Tiles(1, 60);
        using ResNet here = Encoder(), there = Encoder().to(gpu);
        EvaluationOptions options = Everything with { AugmentedProbe = true, FineTune = true, Classifier = Short };
        EvaluationResult[] results = [.. new[] { here, there }.Select(encoder => new EncoderEvaluation(train, test, options).Run(new EvaluatedEncoder(encoder, Recipe, "dcl")))];
        Assert.Equal(results[0].Results.Select(row => (row.Features, row.Classifier, row.Labels)), results[1].Results.Select(row => (row.Features, row.Classifier, row.Labels)));
        // A rounding may turn one vote of the 60; what learns from views is trained, and rounds at each step.
        foreach (var (a, b) in results[0].Results.Zip(results[1].Results))
            Assert.True(Math.Abs(a.Accuracy - b.Accuracy) <= (a.Classifier is "augmented probe" or "fine-tuning" ? 0.1 : 2.5 / 60), $"{a.Features}, {a.Classifier}, {a.Labels}: {a.Accuracy} and {b.Accuracy}");
        foreach (var (a, b) in results[0].Features.Zip(results[1].Features))
            Assert.Equal(a.EffectiveRank, b.EffectiveRank, 1e-2);
    }

    [Fact]
    public void Classifiers_that_learn_from_views_have_rows_for_all_labels_and_for_few_but_not_for_pixels()
    {
        using ImageSubset train = Tiles(0, 200), test = Tiles(1, 60);
        using ResNet encoder = Encoder();
        var options = new EvaluationOptions { NearestNeighbour = false, AugmentedProbe = true, FineTune = true, LabelsPerClass = 3, Draws = 2, Classifier = Short with { LearningRate = 0.02 } };
        EvaluationResult result = new EncoderEvaluation(train, test, options).Run(new EvaluatedEncoder(encoder, Recipe, "dcl"));
        Assert.Equal(["untrained encoder", "dcl"], result.Results.Select(r => r.Features).Distinct());
        EvaluationRow[] own = [.. result.Results.Where(r => r.Features == "dcl")];
        Assert.Equal([("augmented probe", "all", 200), ("augmented probe", "3 a class", 30), ("fine-tuning", "all", 200), ("fine-tuning", "3 a class", 30)], own.Select(r => (r.Classifier, r.Labels, r.LabelCount)));
        Assert.All(own, r => Assert.Equal(r.Classifier == "augmented probe", r.IsChosen));
        Assert.All(own.Where(r => r.Classifier == "fine-tuning"), r => Assert.Equal(0.02, r.LearningRate));
        Assert.Contains(AugmentedProbe.Rates, r => r == own[0].LearningRate);
        Assert.Contains("batch-norm in training mode while it learns", result.Protocol, StringComparison.Ordinal);
        EvaluationResult alone = new EncoderEvaluation(train, test, options with { Baselines = false }).Run(new EvaluatedEncoder(encoder, Recipe, "dcl"));
        Assert.Equal(own.Select(r => r.Accuracy), alone.Results.Select(r => r.Accuracy)); // the same draws and views, with and without the others
    }

    [Fact]
    public void What_is_chosen_depends_on_no_test_image()
    {
        using ImageSubset train = Tiles(0, 200), test = Tiles(1, 60), other = Tiles(2, 10);
        using ResNet encoder = Encoder();
        EvaluationOptions options = Everything with { Choose = true, K = [1, 5, 20], Temperature = [0.05, 0.2] };
        var chosen = new[] { test, other }.Select(part => new EncoderEvaluation(train, part, options).Run(new EvaluatedEncoder(encoder, Recipe, "x")).Results.Select(r => (r.K, r.Temperature, r.Penalty)).ToArray()).ToArray();
        Assert.Equal(chosen[0], chosen[1]);
        Assert.All(chosen[0], c => Assert.True(c.K is null or 1 or 5 or 20));
        Assert.Contains(chosen[0], c => c.K is not null);
    }

    [Fact]
    public void An_image_that_is_in_the_bank_finds_itself()
    {
        using ImageSubset tiles = Tiles(0, 200);
        using ResNet encoder = Encoder();
        EvaluationResult result = new EncoderEvaluation(tiles, tiles, new() { K = [1], LabelsPerClass = 2, Draws = 1 }).Run(new EvaluatedEncoder(encoder, Recipe, "x"));
        Assert.All(result.Results, r => Assert.Equal(r.Labels == "all", r.Accuracy == 1));
    }

    [Fact]
    public void Equal_seeds_give_equal_figures_and_the_file_holds_them_all()
    {
        using var folder = new TemporaryFolder();
        using ImageSubset train = Tiles(0, 200), test = Tiles(2, 50);
        using ResNet encoder = Encoder();
        var evaluation = new EncoderEvaluation(train, test, Everything with { K = [7], Seed = 9 });
        EvaluationResult one = evaluation.Run(new EvaluatedEncoder(encoder, Recipe, "x"));
        Assert.Equal(one.ToJson(), evaluation.Run(new EvaluatedEncoder(encoder, Recipe, "x")).ToJson());
        one.Write(folder.File("evaluation.json"));
        Assert.Equal(one.ToJson(), EvaluationResult.Read(folder.File("evaluation.json")).ToJson());
        Assert.Contains("k = 7 with all 200 labels, k = 5 with 3 a class", one.Protocol, StringComparison.Ordinal);
        Assert.Contains("mean ± sd of 2 draws, seed 9", one.Protocol, StringComparison.Ordinal);
        File.WriteAllText(folder.File("other.json"), "{}");
        Assert.Contains("holds no evaluation", Assert.Throws<InvalidInputException>(() => EvaluationResult.Read(folder.File("other.json"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void With_one_label_a_class_nothing_is_chosen_by_holding_it_out()
    {
        using ImageSubset train = Tiles(0, 200), test = Tiles(2, 50);
        EvaluationOptions one = new() { LabelsPerClass = 1, K = [5] };
        foreach (EvaluationOptions choosing in (EvaluationOptions[])[one with { Linear = true }, one with { AugmentedProbe = true }, one with { Choose = true, K = [1, 2] }])
            Assert.Contains("With 1 a class no class has two labelled images", Assert.Throws<InvalidInputException>(() => new EncoderEvaluation(train, test, choosing)).Message, StringComparison.Ordinal);
        Assert.NotEmpty(new EncoderEvaluation(train, test, one).Protocol);
        Assert.Contains("each number once", Assert.Throws<InvalidInputException>(() => new EncoderEvaluation(train, test, one with { K = [5, 5] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_figure_that_is_no_number_costs_no_other_and_a_thousand_classes_can_be_read_again()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        string[] names = [.. Enumerable.Range(0, 1000).Select(i => $"class {i}")];
        ClassificationMetrics metrics = ClassificationMetrics.Of(eye(1000), [.. Enumerable.Range(0, 1000)], names, hasIntervals: false);
        EvaluationRow Row(int k) => new() { Features = "dcl", Classifier = "nearest neighbour", Labels = "all", LabelCount = 1, Draws = 1, Split = "test", K = k, Seed = 1, Accuracy = 0.5, MacroF1 = double.NaN, CalibrationError = 0, Metrics = metrics };
        new EvaluationResult { Protocol = "p", Train = "a", Test = "b", Classes = names, Results = [.. Enumerable.Range(1, 12).Select(Row)], Features = [new("dcl", double.NaN, -1, null, null)] }.Write(folder.File("e.json"));
        EvaluationResult read = EvaluationResult.Read(folder.File("e.json"));
        Assert.Equal(12, read.Results.Count);
        Assert.Equal((0.5, double.NaN, double.NaN), (read.Results[0].Accuracy, read.Results[0].MacroF1, read.Features[0].EffectiveRank));
        Assert.Equal(metrics.Confusion, read.Results[11].Metrics!.Confusion);
    }

    [Fact]
    public void Of_many_features_rank_and_uniformity_are_those_of_all()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        Tensor features = randn([21_000, 6], generator: generator), rows = nn.functional.normalize(features);
        FeatureSpread spread = FeatureSpread.Of(features), few = FeatureSpread.Of(features.narrow(0, 0, 5000));
        Assert.Equal(ContrastiveDiagnostics.EffectiveRankOf(ContrastiveDiagnostics.GramOf(rows.to(ScalarType.Float64))).item<double>(), spread.EffectiveRank, 1e-9);
        Assert.Equal(few.Uniformity, spread.Uniformity, 0.02); // of one distribution
    }

    [Fact]
    public void Features_do_not_depend_on_the_batch_they_are_computed_in()
    {
        using var scope = NewDisposeScope();
        using ImageSubset tiles = Tiles(0, 30);
        using ResNet encoder = Encoder();
        Tensor one = FeatureExtractor.Extract(encoder, tiles, Recipe, batchSize: 30), other = FeatureExtractor.Extract(encoder, tiles, Recipe, batchSize: 7);
        Assert.True(one.allclose(other, rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void Missing_labels_and_too_few_images_are_refused()
    {
        using ImageSubset tiles = Tiles(0, 200);
        using var unlabelled = new LabelledSource([0, 0], null);
        string Complaint(IImageSource train, IImageSource test, EvaluationOptions options) => Assert.Throws<InvalidInputException>(() => new EncoderEvaluation(train, test, options)).Message;
        Assert.Contains("memory has no labels", Complaint(tiles, unlabelled, new()), StringComparison.Ordinal);
        Assert.Contains("--k is 500", Complaint(tiles, tiles, new() { K = [20, 500] }), StringComparison.Ordinal);
        Assert.Contains("too few", Complaint(tiles, tiles, new() { LabelsPerClass = 80 }), StringComparison.Ordinal);
        Assert.Contains("k cannot be chosen from 30, 50: with 3 a class, 24 labelled images", Complaint(tiles, tiles, new() { K = [30, 50], Choose = true, LabelsPerClass = 3 }), StringComparison.Ordinal);
        Assert.Contains("one class, cat", Complaint(new LabelledSource([0, 0], ["cat", "dog"]), new LabelledSource([0, 0], ["cat", "dog"]), new() { K = [1] }), StringComparison.Ordinal);
        string all = Complaint(tiles, tiles, new() { K = [0], Temperature = [-1], Draws = 0, LabelFraction = 2, NearestNeighbour = false });
        Assert.Equal(5, all.Split(Environment.NewLine).Length);
    }

    [Fact]
    public void A_class_without_an_example_and_images_without_a_label_are_named_together()
    {
        string message = Assert.Throws<InvalidInputException>(() => new LabelledImages(
            new LabelledSource([0, 1, -1, -1], ["cat", "dog", "cow", "hen"]), new LabelledSource([0, 2, 3], ["cat", "dog", "cow", "hen"]))).Message;
        Assert.Contains("memory has 2 images without a label, the first of them image-2.", message, StringComparison.Ordinal);
        Assert.Contains("memory has no image of cow, hen, but memory has.", message, StringComparison.Ordinal);
        string differing = Assert.Throws<InvalidInputException>(() => new LabelledImages(new LabelledSource([0], ["cat"]), new LabelledSource([0], ["dog"]))).Message;
        Assert.Contains("The classes differ: memory has 1 (cat) and memory has 1 (dog).", differing, StringComparison.Ordinal);
    }
}
