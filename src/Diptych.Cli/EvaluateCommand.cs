using System.CommandLine;
using System.Globalization;
using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Models;
using Diptych.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Cli;

/// <summary><c>diptych evaluate</c>: how good an encoder is, on labelled images.</summary>
internal sealed class EvaluateCommand : ToolCommand
{
    private static readonly EvaluationOptions Defaults = new();

    private readonly Argument<string> _run = new("RUN") { Description = "A run folder, or an encoder.safetensors file." };
    private readonly LabelledParts _parts = new("labelled images to learn from", "labelled images to classify");
    private readonly Option<bool> _nearestNeighbour = new("--nearest-neighbour") { Description = "Classify by the most similar labelled images; the default" };
    private readonly Option<bool> _linear = new("--linear") { Description = "Fit a linear probe on the features, its penalty chosen on held-out training images" };
    private readonly Option<bool> _augmentedProbe = new("--augmented-probe") { Description = "Fit the linear probe of the papers: on cropped and flipped views, by SGD" };
    private readonly Option<bool> _fineTune = new("--fine-tune") { Description = "Train a copy of the whole encoder with the labels" };
    private readonly Option<int> _epochs = new("--epochs") { Description = $"--augmented-probe and --fine-tune: passes over the labelled images, of at least {Defaults.Classifier.FewestSteps} steps in all [{Defaults.Classifier.Epochs}]" };
    private readonly Option<double> _learningRate = new("--learning-rate") { Description = $"--fine-tune: peak learning rate [{Defaults.Classifier.LearningRate}]" };
    private readonly Option<double> _layerDecay = new("--layer-decay") { Description = $"--fine-tune: the encoder's last stage learns at this share of the rate, the one before at its square, … [{Defaults.Classifier.LayerDecay}]" };
    private readonly Option<bool> _retrieval = new("--retrieval") { Description = "Measure how well images of a class find each other: mAP and recall@k" };
    private readonly Option<bool> _clusters = new("--clusters") { Description = "Compare k-means groups with the labels: NMI and ARI" };
    private readonly Option<bool> _noBaselines = new("--no-baselines") { Description = "Leave out raw pixels and the untrained encoder" };
    private readonly Option<bool> _projector = new("--projector") { Description = "Judge the projector's embeddings too" };
    private readonly Option<string> _k = new("--k") { Description = "Neighbours that vote, with all labels; several by commas [20, or 5 where there are fewer than 20 labels a class]" };
    private readonly Option<string> _temperature = new("--temperature") { Description = $"Votes weigh exp(similarity / temperature); several by commas [{Defaults.Temperature[0]}]" };
    private readonly Option<bool> _choose = new("--choose") { Description = $"Choose k and temperature on held-out training images, among those given, or [{string.Join(',', NearestNeighbour.UsualK)}] and [{string.Join(',', NearestNeighbour.UsualTemperatures)}]" };
    private readonly Option<int> _labelsPerClass = new("--labels-per-class") { Description = "Labelled images a class in the few-label figures [10, where each class has more]" };
    private readonly Option<double> _labelFraction = new("--label-fraction") { Description = "Share of each class's labels in the few-label figures instead, such as 0.01" };
    private readonly Option<int> _draws = new("--draws") { Description = $"How often the few labels are drawn anew [{Defaults.Draws}]" };
    private readonly Option<long> _seed = new("--seed") { Description = $"Where the draws of few labels and the held-out parts start [{Defaults.Seed}]" };
    private readonly Option<bool> _allowOverlap = new("--allow-overlap") { Description = "Go on, and say so, where test images occur among the training images" };
    private readonly Option<bool> _exifOrientation = ReadableImages.OrientationOfRunOption();
    private readonly Option<bool> _skipUnreadable = ReadableImages.SkipOption();
    private readonly Option<string> _device = DeviceOption();
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object instead of a table" };

    public EvaluateCommand() : base("evaluate", "Measure an encoder on labelled images, beside raw pixels and the untrained encoder.")
    {
        Arguments.Add(_run);
        foreach (Option option in (Option[])
        [
            .. _parts.Options, _nearestNeighbour, _linear, _augmentedProbe, _fineTune, _epochs, _learningRate, _layerDecay, _retrieval, _clusters, _noBaselines, _projector, _k, _temperature, _choose,
            _labelsPerClass, _labelFraction, _draws, _seed, _allowOverlap, _exifOrientation, _skipUnreadable, _device, _json,
        ])
            Options.Add(option);
    }

    public override IReadOnlyList<string> Examples { get; } =
    [
        "diptych evaluate runs/demo --data samples/eurosat",
        "diptych evaluate runs/demo --data samples/eurosat --nearest-neighbour --choose --linear",
        "diptych evaluate runs/photos --train labelled/train --test labelled/test --k 1,5,20 --json",
    ];

    public override IEnumerable<string> FindMistakes(ParseResult parse)
    {
        foreach (string mistake in MistakesOf(() => Apply(parse).Validate()))
            yield return mistake;
        if (KnownDevice.FindMistake(Value(parse, _device, KnownDevice.Automatic)) is { } device)
            yield return device;
        string[] unused = [.. new Option[] { _learningRate, _layerDecay }.Where(o => IsGiven(parse, o) && !parse.GetValue(_fineTune)).Select(o => $"{o.Name} belongs to --fine-tune. Leave it out, or add that."),
            .. IsGiven(parse, _epochs) && !parse.GetValue(_fineTune) && !parse.GetValue(_augmentedProbe) ? ["--epochs belongs to --fine-tune and --augmented-probe. Leave it out, or add one of them."] : (string[])[]];
        foreach (string mistake in unused.Concat(WithoutEffect(parse)))
            yield return mistake;
        if (IsGiven(parse, _labelFraction) && IsGiven(parse, _labelsPerClass))
            yield return "--label-fraction and --labels-per-class both say how many labels there are; give one.";
        if (_parts.FindMistake(parse) is { } missing)
            yield return missing;
    }

    // Given and of no use: whoever names one of them expects it to do something.
    private IEnumerable<string> WithoutEffect(ParseResult parse)
    {
        bool isVoted = IsVoted(parse), isClassified = isVoted || parse.GetValue(_linear) || parse.GetValue(_augmentedProbe) || parse.GetValue(_fineTune);
        foreach (Option option in (Option[])[_k, _temperature, _choose])
            if (IsGiven(parse, option) && !isVoted)
                yield return $"{option.Name} belongs to {_nearestNeighbour.Name}. Leave it out, or add that.";
        foreach (Option option in (Option[])[_draws, _labelsPerClass, _labelFraction])
            if (IsGiven(parse, option) && !isClassified)
                yield return $"{option.Name} is for classifiers, and none was asked for. Leave it out, or add {_nearestNeighbour.Name}.";
    }

    public override int Run(ParseResult parse)
    {
        string run = parse.GetValue(_run)!;
        var (trainPath, testPath) = _parts.FindBoth(parse);
        bool isTurned = parse.GetValue(_exifOrientation) || ReadableImages.AreTurnedIn(run);
        IImageSource Open(string path) => ReadableImages.Open(path, isTurned, parse.GetValue(_skipUnreadable));
        string encoderPath = RunFolder.EncoderOf(run);
        using IImageSource train = Open(trainPath), test = Open(testPath);
        var evaluation = new EncoderEvaluation(train, test, Apply(parse));
        RunFolder? folder = Directory.Exists(run) ? RunFolder.Open(run) : null;
        PretrainOptions? options = folder?.ReadOptions();
        if (parse.GetValue(_projector) && folder is null)
            throw new InvalidInputException($"{run} is an encoder, and the projector is not in it. Name the run folder for --projector.");
        var testImages = new Overlap(test);
        bool isAllowed = parse.GetValue(_allowOverlap);
        IReadOnlyList<string> overlap = [.. FindOverlap(train, test, testImages, isAllowed), .. LearnedFrom(folder, options, trainPath, test, testImages, isAllowed, path => ReadableImages.Open(path, isTurned, options!.SkipUnreadable || parse.GetValue(_skipUnreadable)))];
        TorchRuntime.Load();
        Device device = KnownDevice.Named(Value(parse, _device, KnownDevice.Automatic));
        Console.Error.WriteLine($"{train.Count:N0} labelled images to learn from, {test.Count:N0} to classify, on {device}");
        var (encoder, views) = EncoderFile.Read(encoderPath);
        encoder.to(device);
        using Projector? projector = parse.GetValue(_projector) ? TrainedProjector.Read(folder!).to(device) : null;
        using (encoder)
        {
            var evaluated = new EvaluatedEncoder(encoder, views, options?.Loss ?? "encoder") { Epoch = options?.Epochs, Projector = projector };
            EvaluationResult result = evaluation.Run(evaluated, part => Console.Error.WriteLine($"{part} …")) with { Encoder = encoderPath, Overlap = overlap };
            EvaluationTable.Print(result, parse.GetValue(_json));
            if (folder is not null)
                result.Write(folder.EvaluationPath);
        }
        return Tool.Done;
    }

    /// <summary>Whether the images suit what is asked of them, and the two parts share none where they may not.</summary>
    /// <exception cref="InvalidInputException">They do not.</exception>
    public void CheckImages(ParseResult parse)
    {
        IImageSource Open(string path) => ReadableImages.Open(path, parse.GetValue(_exifOrientation), parse.GetValue(_skipUnreadable));
        var (trainPath, testPath) = _parts.FindBoth(parse);
        using IImageSource train = Open(trainPath), test = Open(testPath);
        _ = new EncoderEvaluation(train, test, Apply(parse));
        if (!parse.GetValue(_allowOverlap))
            FindOverlap(train, test, new Overlap(test), isAllowed: false);
    }

    private static string[] FindOverlap(IImageSource train, IImageSource test, Overlap testImages, bool isAllowed)
    {
        var shared = testImages.FindIn(train);
        if (shared.Count == 0)
            return [];
        string[] lines = shared.Select(s => $"{s.Test} is also {s.Train}").ToArray();
        string message = $"{shared.Count:N0} of the {test.Count:N0} images of {test.Description} occur in {train.Description} too: {string.Join("; ", lines.Take(3))}{(lines.Length > 3 ? $"; and {lines.Length - 3:N0} more" : "")}.";
        if (!isAllowed)
            throw new InvalidInputException($"{message} Figures on images that were learned from mean nothing. Take them out of one part, or pass --allow-overlap to go on all the same.");
        Console.Error.WriteLine(message);
        return lines;
    }

    // The encoder may have learned from test images, without their labels: worth a word. With their labels the figures mean nothing.
    private static string[] LearnedFrom(RunFolder? folder, PretrainOptions? options, string trainPath, IImageSource test, Overlap testImages, bool isAllowed, Func<string, IImageSource> open)
    {
        if (folder is null || options is null)
            return Unknown("it was named without its run", isSupervised: false, isAllowed, test);
        if (!ImageSource.IsThere(options.Images))
            return Unknown($"{options.Images}, which it learned from, is not there", options.Supervised, isAllowed, test);
        string changed = $"{options.Images} does not hold the images any more that it learned from";
        bool IsChanged(IImageSource there) => folder.Checkpoints.ImagesOfNewest() is { } images && images != SampleOrder.Fingerprint(there);
        if (RealPath.Of(options.Images) == RealPath.Of(trainPath))
        {
            using IImageSource there = ImageSource.Open(options.Images, options.ExifOrientation);
            return !options.SkipUnreadable && IsChanged(there) ? Unknown(changed, options.Supervised, isAllowed, test) : [];
        }
        Console.Error.WriteLine($"Looking for the test images among those that the encoder learned from, {options.Images} …");
        using IImageSource learned = open(options.Images); // turned as the test images are, whatever the run did: what is compared are pixels
        if (IsChanged(learned))
            return Unknown(changed, options.Supervised, isAllowed, test);
        var shared = testImages.FindIn(learned);
        if (shared.Count == 0)
            return [];
        string message = $"The encoder learned from {shared.Count:N0} of the {test.Count:N0} images of {test.Description}, {(options.Supervised ? "with" : "without")} their labels.";
        if (options.Supervised && !isAllowed)
            throw new InvalidInputException($"{message} Figures on images that were learned from mean nothing. Judge by other images, or pass --allow-overlap to go on all the same.");
        Console.Error.WriteLine(message);
        return [message];
    }

    private static string[] Unknown(string why, bool isSupervised, bool isAllowed, IImageSource test)
    {
        string message = $"Whether the encoder learned from images of {test.Description} could not be checked: {why}.";
        if (isSupervised && !isAllowed)
            throw new InvalidInputException($"{message} It learned with labels, and figures on such images mean nothing. Call this where the run was started, with its images as they were, or pass --allow-overlap to go on all the same.");
        Console.Error.WriteLine(message);
        return [message];
    }

    private bool IsVoted(ParseResult parse) => parse.GetValue(_nearestNeighbour) || !new[] { _linear, _augmentedProbe, _fineTune, _retrieval, _clusters }.Any(o => parse.GetValue(o));

    private EvaluationOptions Apply(ParseResult parse) => new()
    {
        NearestNeighbour = IsVoted(parse),
        Linear = parse.GetValue(_linear),
        AugmentedProbe = parse.GetValue(_augmentedProbe),
        FineTune = parse.GetValue(_fineTune),
        Classifier = Defaults.Classifier with
        {
            Epochs = Value(parse, _epochs, Defaults.Classifier.Epochs),
            LearningRate = Value(parse, _learningRate, Defaults.Classifier.LearningRate),
            LayerDecay = Value(parse, _layerDecay, Defaults.Classifier.LayerDecay),
        },
        Retrieval = parse.GetValue(_retrieval),
        Clusters = parse.GetValue(_clusters),
        Baselines = !parse.GetValue(_noBaselines),
        K = Numbers<int>(parse, _k, "whole numbers"),
        Temperature = Numbers<double>(parse, _temperature, "numbers") ?? (parse.GetValue(_choose) ? NearestNeighbour.UsualTemperatures : Defaults.Temperature),
        Choose = parse.GetValue(_choose),
        LabelsPerClass = IsGiven(parse, _labelsPerClass) ? parse.GetValue(_labelsPerClass) : null,
        LabelFraction = IsGiven(parse, _labelFraction) ? parse.GetValue(_labelFraction) : null,
        Draws = Value(parse, _draws, Defaults.Draws),
        Seed = Value(parse, _seed, Defaults.Seed),
    };

    // Null where none are given.
    private static T[]? Numbers<T>(ParseResult parse, Option<string> option, string kind) where T : struct, IParsable<T>
    {
        if (!IsGiven(parse, option))
            return null;
        string text = parse.GetValue(option)!;
        T?[] numbers = text.Split(',').Select(part => T.TryParse(part, CultureInfo.InvariantCulture, out T number) ? number : (T?)null).ToArray();
        return numbers.All(n => n is not null)
            ? numbers.Select(n => n!.Value).ToArray()
            : throw new InvalidInputException($"{option.Name} needs {kind}, separated by commas, but it is '{text}'.");
    }
}
