using Diptych.Data;
using Diptych.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>Measures an encoder on labelled images, beside raw pixels and the same encoder untrained, all by one protocol.</summary>
public sealed class EncoderEvaluation
{
    // Of an image set in float32; normalized they are there twice.
    private const long MostPixelBytes = 4L << 30;

    // Neighbours that vote where there are at least as many labelled images a class, and where there are fewer.
    private const int UsualK = 20, UsualFewLabelsK = 5;

    // Labelled images a class.
    private const int UsualFewLabels = 10;

    // How an image is seen: see ViewRenderer.RenderWhole.
    private const string Shown = "the image, resized (bilinear) until its shorter side is that of a view, or 256/224 of it from 96 pixels up";

    // How a setting is chosen: see HeldOut.
    private const string HeldOutPart = "held-out labelled images (each of five fifths in turn, or one fifth of more than 2,000)";

    private readonly LabelledImages _images;
    private readonly EvaluationOptions _options;
    private readonly int[] _all;
    private readonly int[][] _draws;

    /// <summary>Prepares an evaluation; nothing is computed yet.</summary>
    /// <param name="train">Labelled images to learn from.</param>
    /// <param name="test">Labelled images to classify; used for nothing but the final figures.</param>
    /// <param name="options">The protocol.</param>
    /// <exception cref="InvalidInputException">Labels are missing, the classes differ, or a class has too few images.</exception>
    public EncoderEvaluation(IImageSource train, IImageSource test, EvaluationOptions options)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(test);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_images, _options) = (new LabelledImages(train, test), options);
        if (options.NearestNeighbour && !options.Choose && options.K?.Max() is { } largest && largest > train.Count)
            throw new InvalidInputException($"--k is {largest}, but {train.Description} has only {train.Count:N0} labelled images. Use --k {train.Count} or less.");
        if (_images.TrainLabels.Distinct().Count() < 2)
            throw new InvalidInputException($"All images of {train.Description} are of one class, {_images.Classes[_images.TrainLabels[0]]}: there is nothing to tell apart. Give images of at least two classes.");
        _all = Enumerable.Range(0, train.Count).ToArray();
        _draws = !options.HasClassifier ? [] : Enumerable.Range(0, options.Draws).Select(Draw).ToArray();
        if (_draws.Any(draw => draw.Length is 0 || draw.Length == train.Count)) // there are few labels anyway: all of them once more would look like figures of their own
            _draws = [];
        if (options.NearestNeighbour && options.Choose)
            CheckChoice();
        if ((options.Linear || options.AugmentedProbe || (options.NearestNeighbour && options.Choose)) && Fewest.Any(draw => draw.Length == draw.Select(i => _images.TrainLabels[i]).Distinct().Count()))
            throw new InvalidInputException($"With {FewestLabels} no class has two labelled images, so that nothing can be chosen by holding one out. Use more labels a class, or --nearest-neighbour alone, without --choose.");
    }

    private int[] Draw(int number) => _options.LabelFraction is { } fraction ? StratifiedDraw.Fraction(_images.Train, fraction, _options.Seed + number)
        : _options.LabelsPerClass is null && _images.TrainLabels.CountBy(label => label).Min(c => c.Value) <= UsualFewLabels ? []
        : StratifiedDraw.PerClass(_images.Train, LabelsPerClass, _options.Seed + number);

    /// <summary>The protocol in a few lines, to print beside the figures.</summary>
    public string Protocol => string.Join(Environment.NewLine, Sentences());

    /// <summary>Measures the pixels and the untrained encoder, where they are wanted, then the encoder.</summary>
    /// <param name="encoder">The trained encoder; not changed.</param>
    /// <param name="say">Hears what is being done.</param>
    public EvaluationResult Run(EvaluatedEncoder encoder, Action<string>? say = null)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        FeatureExtractor.KeepMemory(encoder.Encoder, encoder.Views);
        var rows = new List<EvaluationRow>();
        var figures = new List<FeatureFigures>();
        (string Labels, int[][] Draws, IReadOnlyList<int> K)[] kinds = [("all", [_all], K), .. _draws is [] ? [] : new[] { (FewLabels, _draws, (IReadOnlyList<int>)[FewLabelsK]) }];
        Device device = KnownDevice.Of(encoder.Encoder);
        using ResNet untrained = new ResNet(encoder.Encoder.Settings, _options.Seed).to(device);
        foreach (var (name, epoch, network) in new (string, int?, ResNet?)[] { (EvaluationRow.RawPixels, null, null), (EvaluationRow.UntrainedEncoder, 0, untrained), (encoder.Name, encoder.Epoch, encoder.Encoder) }.Where(f => _options.Baselines || f.Item1 == encoder.Name))
        {
            using var scope = NewDisposeScope();
            if (network is null && PixelBytes(encoder) is > MostPixelBytes and var bytes)
            {
                say?.Invoke($"{name} are left out: they would take {bytes >> 30} GiB");
                continue;
            }
            say?.Invoke(name);
            Tensor Extract(IImageSource source) => network is null ? FeatureExtractor.RawPixels(source, encoder.Views, device) : FeatureExtractor.Extract(network, source, encoder.Views);
            Tensor train = Extract(_images.Train), test = Extract(_images.Test);
            Judge(name, epoch, train, test);
            if (network is not null)
                JudgeEncoder(new EncoderJudge(_images, _options, name, epoch, network, encoder.Views), test);
            if (name == encoder.Name && encoder.Projector is { } projector)
                Judge(name + EvaluationRow.Embedding, epoch, FeatureExtractor.Embed(projector, train), FeatureExtractor.Embed(projector, test));
        }
        return new EvaluationResult
        {
            Protocol = Protocol,
            Train = $"{_images.Train.Description}, {_images.Train.Count:N0} images",
            Test = $"{_images.Test.Description}, {_images.Test.Count:N0} images",
            Classes = _images.Classes,
            Overlap = ["Whether test images were learned from was not looked at."],
            Results = rows,
            Features = figures,
        };

        void Judge(string name, int? epoch, Tensor train, Tensor test)
        {
            var judge = new FeatureJudge(_images, _options, name, epoch, train, test);
            if (_options.NearestNeighbour)
                rows.AddRange(kinds.SelectMany(kind => judge.ByNeighbours(kind.Labels, kind.Draws, kind.K)));
            if (_options.Linear)
                rows.AddRange(kinds.Select(kind => judge.ByLinearProbe(kind.Labels, kind.Draws)));
            figures.Add(judge.WithoutClassifier());
        }

        void JudgeEncoder(EncoderJudge judge, Tensor test)
        {
            if (_options.AugmentedProbe)
                rows.AddRange(kinds.Select(kind => judge.ByAugmentedProbe(kind.Labels, kind.Draws, test)));
            if (_options.FineTune)
                rows.AddRange(kinds.Select(kind => judge.ByFineTuning(kind.Labels, kind.Draws)));
        }
    }

    private long PixelBytes(EvaluatedEncoder encoder) => ((long)_images.Train.Count + _images.Test.Count) * encoder.Views.Channels * encoder.Views.Size * encoder.Views.Size * sizeof(float);

    // The fewest labels decide: each k must have as many images to ask when a fifth is held out.
    private void CheckChoice()
    {
        int left = Fewest.Min(draw => HeldOut.For([.. draw.Select(i => _images.TrainLabels[i])], _options.Seed).Min(part => part.Fit.Length));
        if (K.Min() > left)
            throw new InvalidInputException($"k cannot be chosen from {string.Join(", ", K)}: with {FewestLabels}, {left} labelled images are left to vote when a fifth is held out. Give a smaller --k, or more labels.");
    }

    private IReadOnlyList<int> K => _options.K ?? (_options.Choose ? NearestNeighbour.UsualK
        : [_all.Length >= UsualK * _images.TrainLabels.Distinct().Count() ? UsualK : Math.Min(UsualFewLabelsK, _all.Length)]);

    private int[][] Fewest => _draws is [] ? [_all] : _draws;

    private string FewestLabels => _draws is [] ? $"the {_all.Length:N0} labels" : FewLabels;

    private int LabelsPerClass => _options.LabelsPerClass ?? UsualFewLabels;

    private int FewLabelsK => Math.Min(UsualFewLabelsK, _draws[0].Length);

    private string FewLabels => _options.LabelFraction is { } fraction ? $"{100 * fraction:0.##} %" : $"{LabelsPerClass} a class";

    private IEnumerable<string> Sentences()
    {
        string votes = string.Join(" or ", _options.Temperature.Select(t => $"exp(s/{t})"));
        if (_options.NearestNeighbour)
            yield return $"nearest neighbour: exact search, cosine, votes {votes}" + (_options.Choose
                ? $"; k of {string.Join(", ", K)} and temperature chosen on {HeldOutPart}"
                : $"; k = {string.Join(", ", K)} with all {_images.Train.Count:N0} labels{(_draws is [] ? "" : $", k = {FewLabelsK} with {FewLabels}")}");
        if (_options.Linear)
            yield return $"linear probe: logistic regression by L-BFGS on standardized features of such squares, penalty chosen on {HeldOutPart}";
        string training = $"SGD with momentum {ClassifierOptions.Momentum}, cosine schedule, batch {_options.Classifier.Batch}, {_options.Classifier.Epochs} epochs and at least {_options.Classifier.FewestSteps} steps, random crops, flipped as the run's views are";
        if (_options.AugmentedProbe)
            yield return $"augmented probe: encoder frozen with batch-norm in evaluation mode; {training}; learning rate chosen on a held-out fifth of the labelled images";
        if (_options.FineTune)
            yield return $"fine-tuning: a copy of the whole encoder, batch-norm in training mode while it learns; {training}; learning rate {_options.Classifier.LearningRate}, layer decay {_options.Classifier.LayerDecay}, weight decay {_options.Classifier.WeightDecay}";
        yield return $"{_images.Test.Count:N0} test images, features of the central square of {Shown}, batch-norm in evaluation mode"
            + (_draws.Length > 0 ? $"; few labels: mean ± sd of {_options.Draws} draws, seed {_options.Seed}; else 95 % interval (Wilson)"
            : !_options.HasClassifier ? ""
            : $"; 95 % interval (Wilson); no figures of few labels apart, since {(_options.LabelFraction is not null || _options.LabelsPerClass is not null ? $"{FewLabels} are all there are" : $"a class has no more than {UsualFewLabels}")}");
    }
}
