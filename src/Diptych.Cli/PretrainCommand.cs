using System.CommandLine;
using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Methods;
using Diptych.Models;
using Diptych.Training;
using Diptych.Views;

namespace Diptych.Cli;

/// <summary><c>diptych pretrain</c>: unlabelled images to an encoder.</summary>
internal sealed class PretrainCommand : ToolCommand
{
    private static readonly PretrainOptions Defaults = new();

    private readonly Argument<string> _images = new("IMAGES") { Description = "A folder of images, a tar file or shards of one, CIFAR, STL-10 or idx files, or a packed file. Labels are looked at for --supervised and --evaluate-every only." };
    private readonly Option<string> _recipe = new("--recipe") { Description = "Settings to start from: a name of diptych list recipes, or a file; options given beside it count more" };
    private readonly Option<string> _method = new("--method") { Description = $"Which embeddings meet in the loss: {string.Join(", ", KnownMethod.Names)} [{Defaults.Method}]" };
    private readonly Option<string> _loss = new("--loss") { Description = $"dcl, dclw or infonce [{Defaults.Loss}]" };
    private readonly Option<double> _temperature = new("--temperature") { Description = $"Divides similarities in the loss [{Defaults.Temperature}]" };
    private readonly Option<double> _temperatureEnd = new("--temperature-end") { Description = "Temperature at the end of the run [as at the start]" };
    private readonly Option<string> _temperatureSchedule = new("--temperature-schedule") { Description = $"How it goes there: {string.Join(", ", TemperatureSchedule.Shapes)} [{Defaults.TemperatureSchedule}]" };
    private readonly Option<double> _sigma = new("--sigma") { Description = $"Sharpness of dclw's weights [{Defaults.Sigma}]" };
    private readonly Option<double> _infonceShare = new("--infonce-share") { Description = "Blend this share of InfoNCE into dcl or dclw, for a warm start [0]" };
    private readonly Option<double> _falseNegativeShare = new("--false-negative-share") { Description = "Debias: how probable it is that a negative is of the anchor's class, about 1 / classes [0]" };
    private readonly Option<double> _hardness = new("--hardness") { Description = "Let negatives that are similar to the anchor count more, such as 0.5 [0]" };
    private readonly Option<double> _similarityCeiling = new("--similarity-ceiling") { Description = "Leave out negatives more similar to the anchor than this [none]" };
    private readonly Option<bool> _supervised = new("--supervised") { Description = "simclr: learn with labels; images of one class are positives of each other" };
    private readonly Option<int> _queue = new("--queue") { Description = "moco: earlier embeddings that serve as negatives [4096, at most half of the images]" };
    private readonly Option<double> _momentum = new("--momentum") { Description = $"moco: share of the momentum encoder that each step retains [{Defaults.Momentum}]" };
    private readonly Option<bool> _symmetric = new("--symmetric") { Description = "moco: take each view as anchor once" };
    private readonly Option<int> _supportSet = new("--support-set") { Description = "nnclr: earlier embeddings among which neighbours are sought [4096, at most half of the images]" };
    private readonly Option<int> _projectorHidden = new("--projector-hidden") { Description = $"Length of the projector's hidden layers [{Defaults.ProjectorHidden}]" };
    private readonly Option<int> _embeddingSize = new("--embedding-size") { Description = $"Length of an embedding [{Defaults.EmbeddingSize}]" };
    private readonly Option<string> _encoder = new("--encoder") { Description = $"The network: {string.Join(", ", KnownEncoder.Names)} [{Defaults.Encoder}]" };
    private readonly Option<int> _width = new("--width") { Description = $"Channels of its first stage; 16 or 32 suit small machines [{Defaults.Width}]" };
    private readonly Option<bool> _zeroInit = new("--zero-init") { Description = "Start the last batch-norm of each block at zero" };
    private readonly Option<string> _weights = new("--weights") { Description = "A .safetensors file whose weights the encoder starts from" };
    private readonly Option<int> _imageSize = new("--image-size") { Description = "Side of a view in pixels [that of --views]" };
    private readonly Option<string> _views = new("--views") { Description = $"How views are drawn: {string.Join(", ", ViewRecipe.KnownNames)}, or a JSON file of one's own [{Defaults.Views}]" };
    private readonly Option<int> _epochs = new("--epochs") { Description = $"Passes over the images [{Defaults.Epochs}]" };
    private readonly Option<int> _batch = new("--batch") { Description = $"Images in a step, two views each [{Defaults.Batch}]" };
    private readonly Option<int> _chunk = new("--chunk") { Description = "Images whose activations are in memory at a time: large batches in little memory [the whole batch]" };
    private readonly Option<int> _accumulate = new("--accumulate") { Description = $"Batches whose gradients are averaged in a step; negatives stay those of one batch [{Defaults.Accumulate}]" };
    private readonly Option<string> _optimizer = new("--optimizer") { Description = $"{string.Join(", ", KnownOptimizer.Names)} [{Defaults.Optimizer}]" };
    private readonly Option<bool> _nesterov = new("--nesterov") { Description = "sgd: look one step ahead" };
    private readonly Option<double> _learningRate = new("--learning-rate") { Description = $"Peak learning rate [{string.Join(", ", KnownOptimizer.All.Select(o => $"{o.Name} {o.LearningRate}"))}; × images in a step / 256]" };
    private readonly Option<string> _learningRateScaling = new("--learning-rate-scaling") { Description = $"How a given learning rate follows the images in a step / 256: {string.Join(", ", PretrainOptions.LearningRateScalings)} [none]" };
    private readonly Option<string> _schedule = new("--schedule") { Description = $"How the learning rate goes down: {string.Join(", ", LearningRateSchedule.Shapes)} [{Defaults.Schedule}]" };
    private readonly Option<double> _clipGradient = new("--clip-gradient") { Description = "Greatest length of the gradient [any]" };
    private readonly Option<double> _weightDecay = new("--weight-decay") { Description = $"Pull of weights towards zero [{Defaults.WeightDecay}]" };
    private readonly Option<double> _warmupEpochs = new("--warmup-epochs") { Description = $"Epochs until the peak learning rate [{Defaults.WarmupEpochs}]" };
    private readonly Option<long> _seed = new("--seed") { Description = $"Where all randomness starts [{Defaults.Seed}]" };
    private readonly Option<int> _workers = new("--workers") { Description = "Threads that draw views [1 on a CPU, one a core for a GPU]" };
    private readonly Option<string> _device = new("--device") { Description = $"Where the networks are computed: {string.Join(", ", KnownDevice.Names)} or cuda:N [{Defaults.Device}: a GPU where there is one]" };
    private readonly Option<int> _threads = new("--threads") { Description = "Threads of the arithmetic [one a core]" };
    private readonly Option<string> _precision = new("--precision") { Description = $"What the encoder is computed in: {string.Join(", ", KnownPrecision.Names)}, or {KnownPrecision.Automatic} for the faster [{Defaults.Precision}]" };
    private readonly Option<bool> _deterministic = new("--deterministic") { Description = "End with the same bits on machines with other processors: one thread, older instructions" };
    private readonly Option<int> _evaluateEvery = new("--evaluate-every") { Description = "Epochs between measurements of the nearest-neighbour accuracy on labelled training images [none]" };
    private readonly Option<int> _checkpointEvery = new("--checkpoint-every") { Description = $"Steps between checkpoints [{Defaults.CheckpointEvery}]" };
    private readonly Option<bool> _skipUnreadable = ReadableImages.SkipOption();
    private readonly Option<int> _keepLast = new("--keep-last") { Description = $"How many of the newest checkpoints stay [{Defaults.KeepLast}]" };
    private readonly Option<int> _keepEvery = new("--keep-every") { Description = "Checkpoints at multiples of this many steps stay as well [none]" };
    private readonly Option<bool> _exifOrientation = new("--exif-orientation") { Description = "Turn photographs as their EXIF orientation says" };
    private readonly Option<string> _out = new("--out") { Description = "The run folder [runs/NAME-METHOD-LOSS]" };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on with the run in that folder" };

    public PretrainCommand() : base("pretrain", "Learn an encoder from unlabelled images.")
    {
        Arguments.Add(_images);
        foreach (Option option in new Option[] { _recipe, _method, _loss, _temperature, _temperatureEnd, _temperatureSchedule, _sigma, _infonceShare, _falseNegativeShare, _hardness, _similarityCeiling, _supervised, _queue, _momentum, _symmetric, _supportSet, _projectorHidden, _embeddingSize, _encoder, _width, _zeroInit, _weights, _imageSize, _views, _epochs, _batch, _chunk, _accumulate, _optimizer, _nesterov, _learningRate, _learningRateScaling, _schedule, _weightDecay, _clipGradient, _warmupEpochs, _seed, _workers, _device, _threads, _precision, _deterministic, _evaluateEvery, _checkpointEvery, _keepLast, _keepEvery, _exifOrientation, _skipUnreadable, _out, _resume })
            Options.Add(option);
    }

    public override IReadOnlyList<string> Examples { get; } =
    [
        "diptych pretrain photos --views imagenet --image-size 64 --width 32 --epochs 100",
        "diptych pretrain samples/eurosat/train.tar --recipe small-machine --method moco --loss infonce --out runs/tiles",
        "diptych pretrain samples/eurosat/train.tar --out runs/tiles --resume",
    ];

    public override IEnumerable<string> FindMistakes(ParseResult parse)
    {
        foreach (string mistake in MistakesOf(() => Settings(parse, Defaults).Validate()))
            yield return mistake;
        // A run that goes on has its weights in its checkpoint.
        if (IsGiven(parse, _weights) && !parse.GetValue(_resume) && parse.GetValue(_weights) is { } weights && !File.Exists(weights))
            yield return $"--weights names {weights}, but there is no such file. Expected a .safetensors file.";
    }

    public override int Run(ParseResult parse)
    {
        PretrainOptions options = Settings(parse, Defaults);
        string path = parse.GetValue(_out) ?? DefaultFolder(options);
        bool isResumed = parse.GetValue(_resume);
        RunFolder? folder = null;
        if (isResumed)
        {
            folder = RunFolder.Open(path);
            PretrainOptions saved = folder.ReadOptions();
            options = Settings(parse, saved);
            if (options.Precision == KnownPrecision.Automatic)
                options = options with { Precision = saved.Precision };
            options.Validate(); // the folder may be a stranger's
            IReadOnlyList<string> differences = options.DifferencesFrom(saved);
            if (differences.Count > 0)
                throw new InvalidInputException($"The run in {path} was started with other settings:{Environment.NewLine}{string.Join(Environment.NewLine, differences)}{Environment.NewLine}Leave them out to go on with it, or choose another --out.");
            if (File.Exists(folder.EncoderPath))
            {
                Console.Error.WriteLine($"The run in {path} is finished. Its encoder is {folder.EncoderPath}.");
                return Tool.Done;
            }
        }
        using IImageSource source = OpenReadable(options, out IReadOnlyList<UnreadableImage> leftOut);
        TorchRuntime.Load();
        if (options.Deterministic)
            TorchRuntime.UseTheSameArithmeticEverywhere(); // before the first tensor
        _ = options.FindDevice(); // refused before a folder is made
        if (folder is null && options.Weights is { } weights)
        {
            using ResNet trial = options.CreateEncoder(); // weights that do not fit are refused before a folder is made
            StartingWeights.Load(trial, weights);
        }
        (options, string? why) = KnownPrecision.Choose(options);
        if (why is not null)
            Console.Error.WriteLine(why);
        using OnlineAccuracy? accuracy = options.EvaluateEvery is { } every ? new OnlineAccuracy(source, options.CreateViewRecipe(), every, options.Seed) : null;
        if (folder is null)
        {
            folder = RunFolder.Create(path, options);
            File.AppendAllLines(folder.LogPath, ReadableImages.Describe(leftOut).Select(line => $"{DateTime.UtcNow:u} {line}"));
        }
        return PretrainDisplay.Train(options, source, folder, isResumed, accuracy) ? Tool.Done : Tool.Interrupted;
    }

    // Looks at every image once, so that a bad one is known at the start and not hours later.
    private static IImageSource OpenReadable(PretrainOptions options, out IReadOnlyList<UnreadableImage> unreadable)
    {
        IImageSource source = ImageSource.Open(options.Images, options.ExifOrientation);
        Pretraining.Check(options, source);
        unreadable = ReadabilityCheck.FindUnreadable(source, Environment.ProcessorCount);
        if (!options.SkipUnreadable)
            ReadabilityCheck.ThrowIfAny(source, unreadable);
        IImageSource readable = ReadableImages.Keep(source, unreadable);
        Pretraining.Check(options, readable);
        return readable;
    }

    private PretrainOptions Settings(ParseResult parse, PretrainOptions start) =>
        Apply(parse, IsGiven(parse, _recipe) ? ShippedRecipes.Read(parse.GetValue(_recipe)!).Options : start);

    private PretrainOptions Apply(ParseResult parse, PretrainOptions start) => start with
    {
        Images = parse.GetResult(_images) is { } images && !images.Errors.Any() ? parse.GetValue(_images) ?? start.Images : start.Images,
        Method = Value(parse, _method, start.Method),
        Loss = Value(parse, _loss, start.Loss),
        Temperature = Value(parse, _temperature, start.Temperature),
        TemperatureEnd = IsGiven(parse, _temperatureEnd) ? parse.GetValue(_temperatureEnd) : start.TemperatureEnd,
        TemperatureSchedule = Value(parse, _temperatureSchedule, start.TemperatureSchedule),
        Sigma = Value(parse, _sigma, start.Sigma),
        InfonceShare = Value(parse, _infonceShare, start.InfonceShare),
        FalseNegativeShare = Value(parse, _falseNegativeShare, start.FalseNegativeShare),
        Hardness = Value(parse, _hardness, start.Hardness),
        SimilarityCeiling = IsGiven(parse, _similarityCeiling) ? parse.GetValue(_similarityCeiling) : start.SimilarityCeiling,
        Supervised = Value(parse, _supervised, start.Supervised),
        Queue = IsGiven(parse, _queue) ? parse.GetValue(_queue) : start.Queue,
        Momentum = Value(parse, _momentum, start.Momentum),
        Symmetric = Value(parse, _symmetric, start.Symmetric),
        SupportSet = IsGiven(parse, _supportSet) ? parse.GetValue(_supportSet) : start.SupportSet,
        ProjectorHidden = Value(parse, _projectorHidden, start.ProjectorHidden),
        EmbeddingSize = Value(parse, _embeddingSize, start.EmbeddingSize),
        Encoder = Value(parse, _encoder, start.Encoder),
        Width = Value(parse, _width, start.Width),
        ZeroInit = Value(parse, _zeroInit, start.ZeroInit),
        Weights = IsGiven(parse, _weights) ? parse.GetValue(_weights) : start.Weights,
        ImageSize = IsGiven(parse, _imageSize) ? parse.GetValue(_imageSize) : start.ImageSize,
        Views = Value(parse, _views, start.Views),
        Epochs = Value(parse, _epochs, start.Epochs),
        Batch = Value(parse, _batch, start.Batch),
        Chunk = IsGiven(parse, _chunk) ? parse.GetValue(_chunk) : start.Chunk,
        Accumulate = Value(parse, _accumulate, start.Accumulate),
        Optimizer = Value(parse, _optimizer, start.Optimizer),
        Nesterov = Value(parse, _nesterov, start.Nesterov),
        LearningRateScaling = IsGiven(parse, _learningRateScaling) ? parse.GetValue(_learningRateScaling) : start.LearningRateScaling,
        Schedule = Value(parse, _schedule, start.Schedule),
        ClipGradient = IsGiven(parse, _clipGradient) ? parse.GetValue(_clipGradient) : start.ClipGradient,
        LearningRate = IsGiven(parse, _learningRate) ? parse.GetValue(_learningRate) : start.LearningRate,
        WeightDecay = Value(parse, _weightDecay, start.WeightDecay),
        WarmupEpochs = Value(parse, _warmupEpochs, start.WarmupEpochs),
        Seed = Value(parse, _seed, start.Seed),
        Workers = IsGiven(parse, _workers) ? parse.GetValue(_workers) : start.Workers,
        Device = Value(parse, _device, start.Device),
        Threads = IsGiven(parse, _threads) ? parse.GetValue(_threads) : start.Threads,
        Precision = Value(parse, _precision, start.Precision),
        Deterministic = Value(parse, _deterministic, start.Deterministic),
        EvaluateEvery = IsGiven(parse, _evaluateEvery) ? parse.GetValue(_evaluateEvery) : start.EvaluateEvery,
        CheckpointEvery = Value(parse, _checkpointEvery, start.CheckpointEvery),
        KeepLast = Value(parse, _keepLast, start.KeepLast),
        KeepEvery = IsGiven(parse, _keepEvery) ? parse.GetValue(_keepEvery) : start.KeepEvery,
        ExifOrientation = Value(parse, _exifOrientation, start.ExifOrientation),
        SkipUnreadable = Value(parse, _skipUnreadable, start.SkipUnreadable),
    };

    private static string DefaultFolder(PretrainOptions options)
    {
        string name = Path.GetFileName(options.Images.TrimEnd('/', Path.DirectorySeparatorChar)).Split('.')[0];
        return Path.Combine("runs", $"{(name.Length == 0 ? "images" : name)}-{options.Method}-{options.Loss}");
    }
}
