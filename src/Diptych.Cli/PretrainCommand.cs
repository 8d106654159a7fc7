using System.CommandLine;
using System.Reflection;
using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Losses;
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
    private readonly Option<string> _weights = new("--weights") { Description = "A .safetensors file whose weights the encoder starts from" };
    private readonly List<(Option Option, PropertyInfo Setting)> _settings = [];
    private readonly Option<string> _out = new("--out") { Description = "The run folder [runs/NAME-METHOD-LOSS]" };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on with the run in that folder" };

    public PretrainCommand() : base("pretrain", "Learn an encoder from unlabelled images.")
    {
        Arguments.Add(_images);
        Options.Add(_recipe);
        AddSetting<string>("--method", $"Which embeddings meet in the loss: {string.Join(", ", KnownMethod.Names)} [{Defaults.Method}]");
        AddSetting<string>("--loss", $"What is minimized: {string.Join(", ", ContrastiveLoss.Names)} [{Defaults.Loss}]");
        AddSetting<double>("--temperature", $"Divides similarities in the loss [{Defaults.Temperature}]");
        AddSetting<double>("--temperature-end", "Temperature at the end of the run [as at the start]");
        AddSetting<string>("--temperature-schedule", $"How it goes there: {string.Join(", ", TemperatureSchedule.Shapes)} [{Defaults.TemperatureSchedule}]");
        AddSetting<double>("--sigma", $"Sharpness of dclw's weights [{Defaults.Sigma}]");
        AddSetting<double>("--infonce-share", "Blend this share of InfoNCE into dcl or dclw, for a warm start [0]");
        AddSetting<double>("--false-negative-share", "Debias: how probable it is that a negative is of the anchor's class, about 1 / classes [0]");
        AddSetting<double>("--hardness", "Let negatives that are similar to the anchor count more, such as 0.5 [0]");
        AddSetting<double>("--similarity-ceiling", "Leave out negatives more similar to the anchor than this [none]");
        AddSetting<bool>("--supervised", "simclr: learn with labels; images of one class are positives of each other");
        AddSetting<int>("--queue", "moco: earlier embeddings that serve as negatives [4096, at most half of the images]");
        AddSetting<double>("--momentum", $"moco: share of the momentum encoder that each step retains [{Defaults.Momentum}]");
        AddSetting<bool>("--symmetric", "moco: take each view as anchor once");
        AddSetting<int>("--support-set", "nnclr: earlier embeddings among which neighbours are sought [4096, at most half of the images]");
        AddSetting<int>("--projector-hidden", $"Length of the projector's hidden layers [{Defaults.ProjectorHidden}]");
        AddSetting<int>("--embedding-size", $"Length of an embedding [{Defaults.EmbeddingSize}]");
        AddSetting<string>("--encoder", $"The network: {string.Join(", ", KnownEncoder.Names)} [{Defaults.Encoder}]");
        AddSetting<int>("--width", $"Channels of its first stage; 16 or 32 suit small machines [{Defaults.Width}]");
        AddSetting<bool>("--zero-init", "Start the last batch-norm of each block at zero");
        AddSetting(_weights);
        AddSetting<int>("--image-size", "Side of a view in pixels [that of --views]");
        AddSetting<string>("--views", $"How views are drawn: {string.Join(", ", ViewRecipe.KnownNames)}, or a JSON file of one's own [{Defaults.Views}]");
        AddSetting<int>("--epochs", $"Passes over the images, in whole batches [{Defaults.Epochs}]");
        AddSetting<int>("--batch", $"Images in a step, two views each [{Defaults.Batch}]");
        AddSetting<int>("--chunk", "Images whose activations are in memory at a time: large batches in little memory [the whole batch]");
        AddSetting<int>("--accumulate", $"Batches whose gradients are averaged in a step; negatives stay those of one batch [{Defaults.Accumulate}]");
        AddSetting<string>("--optimizer", $"{string.Join(", ", KnownOptimizer.Names)} [{Defaults.Optimizer}]");
        AddSetting<bool>("--nesterov", "sgd: look one step ahead");
        AddSetting<double>("--learning-rate", $"Peak learning rate [{string.Join(", ", KnownOptimizer.All.Select(o => $"{o.Name} {o.LearningRate}"))}; × images in a step / 256]");
        AddSetting<string>("--learning-rate-scaling", $"How a given learning rate follows the images in a step / 256: {string.Join(", ", PretrainOptions.LearningRateScalings)} [none]");
        AddSetting<string>("--schedule", $"How the learning rate goes down: {string.Join(", ", LearningRateSchedule.Shapes)} [{Defaults.Schedule}]");
        AddSetting<double>("--weight-decay", $"Pull of weights towards zero [{Defaults.WeightDecay}]");
        AddSetting<double>("--clip-gradient", "Greatest length of the gradient [any]");
        AddSetting<double>("--warmup-epochs", $"Epochs until the peak learning rate [{Defaults.WarmupEpochs}]");
        AddSetting<long>("--seed", $"Where all randomness starts [{Defaults.Seed}]");
        AddSetting<int>("--workers", "Threads that draw views [as many as --threads, one a core for a GPU]");
        AddSetting<string>("--device", $"Where the networks are computed: {string.Join(", ", KnownDevice.Names)} or cuda:N [{Defaults.Device}: a GPU where there is one]");
        AddSetting<int>("--threads", "Threads of the arithmetic [one a core]");
        AddSetting<string>("--precision", $"What the encoder is computed in: {string.Join(", ", KnownPrecision.Names)}, or {KnownPrecision.Automatic} for the faster [{Defaults.Precision}]");
        AddSetting<bool>("--deterministic", "End with the same bits on machines with other processors: one thread, older instructions");
        AddSetting<int>("--evaluate-every", "Epochs between measurements of the nearest-neighbour accuracy on labelled training images [none]");
        AddSetting<int>("--checkpoint-every", $"Steps between checkpoints [{Defaults.CheckpointEvery}]");
        AddSetting<int>("--keep-last", $"How many of the newest checkpoints stay [{Defaults.KeepLast}]");
        AddSetting<int>("--keep-every", "Checkpoints at multiples of this many steps stay as well [none]");
        AddSetting(ReadableImages.OrientationOption());
        AddSetting(ReadableImages.SkipOption());
        Options.Add(_out);
        Options.Add(_resume);
    }

    public override IReadOnlyList<string> Examples { get; } =
    [
        "diptych pretrain photos --recipe small-machine --views imagenet --image-size 64 --epochs 100",
        "diptych pretrain samples/eurosat/train.tar --recipe small-machine --method moco --loss infonce --out runs/tiles",
        "diptych pretrain samples/eurosat/train.tar --out runs/tiles --resume",
    ];

    public override IEnumerable<string> FindMistakes(ParseResult parse)
    {
        PretrainOptions? settings = null;
        foreach (string mistake in MistakesOf(() => (settings = Settings(parse, Defaults)).Validate()))
            yield return mistake;
        foreach (string mistake in settings is null || parse.GetValue(_resume) ? [] : WithoutEffect(parse, settings))
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
            folder.CheckSettings(options);
            if (File.Exists(folder.EncoderPath))
            {
                Console.Error.WriteLine($"The run in {path} is finished. Its encoder is {folder.EncoderPath}.");
                return Tool.Done;
            }
        }
        else
        {
            RunFolder.CheckNew(path);
        }
        using IImageSource source = OpenReadable(options, isResumed, out IReadOnlyList<UnreadableImage> leftOut);
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
            File.AppendAllLines(folder.LogPath, ReadableImages.Describe(leftOut).Concat(why is null ? [] : [why]).Select(line => $"{DateTime.UtcNow:u} {line}"));
        }
        return PretrainDisplay.Train(options, source, folder, isResumed, accuracy) ? Tool.Done : Tool.Interrupted;
    }

    // Given and of no use: whoever names one of them expects it to do something.
    private IEnumerable<string> WithoutEffect(ParseResult parse, PretrainOptions options)
    {
        (string Option, string Setting, string Needed, string Found)[] owned =
        [
            ("--momentum", "--method", "moco", options.Method), ("--queue", "--method", "moco", options.Method), ("--symmetric", "--method", "moco", options.Method),
            ("--support-set", "--method", "nnclr", options.Method), ("--sigma", "--loss", "dclw", options.Loss),
        ];
        bool Has(string option) => _settings.Any(s => s.Option.Name == option && IsGiven(parse, s.Option));
        foreach (var (option, setting, needed, found) in owned.Where(o => o.Needed != o.Found && Has(o.Option)))
            yield return $"{option} belongs to {needed}, but {setting} is {found}. Leave it out, or use {setting} {needed}.";
        if (options.TemperatureEnd is null && Has("--temperature-schedule"))
            yield return "--temperature-schedule says how the temperature goes to --temperature-end, which is missing.";
        if (options.EvaluateEvery > options.Epochs && Has("--evaluate-every"))
            yield return $"--evaluate-every is {options.EvaluateEvery} epochs, but there are only {options.Epochs}: nothing would be measured.";
    }

    // Looks at every image once, so that a bad one is known at the start and not hours later. A run that goes on has looked at them, but must know again which it left out.
    private static IImageSource OpenReadable(PretrainOptions options, bool isResumed, out IReadOnlyList<UnreadableImage> unreadable)
    {
        IImageSource source = ImageSource.Open(options.Images, options.ExifOrientation);
        Pretraining.Check(options, source);
        unreadable = isResumed && !options.SkipUnreadable ? [] : ReadableImages.FindUnreadable(source);
        if (!options.SkipUnreadable)
            ReadabilityCheck.ThrowIfAny(source, unreadable);
        IImageSource readable = ReadableImages.Keep(source, unreadable);
        Pretraining.Check(options, readable);
        return readable;
    }

    private PretrainOptions Settings(ParseResult parse, PretrainOptions start) =>
        Apply(parse, IsGiven(parse, _recipe) ? ShippedRecipes.Read(parse.GetValue(_recipe)!).Options : start);

    private PretrainOptions Apply(ParseResult parse, PretrainOptions start)
    {
        bool hasImages = parse.GetResult(_images) is { } images && !images.Errors.Any();
        PretrainOptions settings = start with { Images = hasImages ? parse.GetValue(_images)! : start.Images };
        foreach (var (option, setting) in _settings.Where(s => IsGiven(parse, s.Option)))
            setting.SetValue(settings, parse.GetResult(option)!.GetValueOrDefault<object>());
        return settings;
    }

    // The option of the setting of that name: --batch-size would be BatchSize.
    private void AddSetting(Option option)
    {
        string name = string.Concat(option.Name.Split('-').Where(part => part.Length > 0).Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
        _settings.Add((option, typeof(PretrainOptions).GetProperty(name) ?? throw new ArgumentException($"There is no setting {name} for {option.Name}.")));
        Options.Add(option);
    }

    private void AddSetting<T>(string name, string description) => AddSetting(new Option<T>(name) { Description = description });

    private static string DefaultFolder(PretrainOptions options)
    {
        string name = Path.GetFileName(options.Images.TrimEnd('/', Path.DirectorySeparatorChar)).Split('.')[0];
        return Path.Combine("runs", $"{(name.Length == 0 ? "images" : name)}-{options.Method}-{options.Loss}");
    }
}
