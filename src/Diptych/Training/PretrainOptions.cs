using System.Text.Json;
using System.Text.Json.Serialization;
using Diptych.Losses;
using Diptych.Methods;
using Diptych.Models;
using Diptych.Views;

namespace Diptych.Training;

/// <summary>Every setting of a pre-training run. The defaults stand here and nowhere else; the names are the tool's options.</summary>
public sealed record PretrainOptions
{
    /// <summary>How the learning rate may follow the batch.</summary>
    public static IReadOnlyList<string> LearningRateScalings { get; } = ["none", "linear", "square-root"];

    private const int UsualMemory = 4096, UsualStep = 256;

    /// <summary>Where the images are: whatever <see cref="Data.ImageSource.Open"/> takes.</summary>
    public string Images { get; init; } = "";

    /// <summary>Which embeddings meet in the loss: <c>simclr</c>, <c>moco</c> or <c>nnclr</c>.</summary>
    public string Method { get; init; } = "simclr";

    /// <summary>The loss: <c>dcl</c>, <c>dclw</c> or <c>infonce</c>.</summary>
    public string Loss { get; init; } = "dcl";

    /// <summary>Divides similarities in the loss; > 0.</summary>
    public double Temperature { get; init; } = 0.1;

    /// <summary>Temperature at the end of the run; null keeps <see cref="Temperature"/> throughout.</summary>
    public double? TemperatureEnd { get; init; }

    /// <summary>How the temperature goes to its end: <c>cosine</c> or <c>linear</c>.</summary>
    public string TemperatureSchedule { get; init; } = "cosine";

    /// <summary>DCLW's σ: how sharply its weights follow the positive similarity; > 0.</summary>
    public double Sigma { get; init; } = 0.5;

    /// <summary>λ in λ·InfoNCE + (1 − λ)·loss, in [0, 1]; 0 is off. For a warm start from weights that a decoupled loss's larger gradients would hurt.</summary>
    public double InfonceShare { get; init; }

    /// <summary>How probable it is that a negative is of the anchor's own class, in [0, 1): debiased (arXiv 2007.00224); 0 is off.</summary>
    public double FalseNegativeShare { get; init; }

    /// <summary>How much more a negative counts that is similar to the anchor, ≥ 0: hard negatives (arXiv 2010.04592); 0 is off.</summary>
    public double Hardness { get; init; }

    /// <summary>Negatives more similar to the anchor than this are left out, in (−1, 1); null keeps all.</summary>
    public double? SimilarityCeiling { get; init; }

    /// <summary>Whether images of one class count as positives of each other (SupCon, arXiv 2004.11362): learning with labels, for SimCLR.</summary>
    public bool Supervised { get; init; }

    /// <summary>MoCo's negatives: embeddings of this many earlier images; null takes 4,096, at most half of the images.</summary>
    public int? Queue { get; init; }

    /// <summary>Share of MoCo's momentum encoder and projector that each step retains, in [0, 1]. 0.99 suits runs of some thousand steps, 0.999 longer ones.</summary>
    public double Momentum { get; init; } = 0.99;

    /// <summary>Whether MoCo takes each view as anchor once: better embeddings a step, at twice the work.</summary>
    public bool Symmetric { get; init; }

    /// <summary>NNCLR's support set: neighbours are sought among this many earlier embeddings; null takes 4,096, at most half of the images.</summary>
    public int? SupportSet { get; init; }

    /// <summary>Length of the hidden layers of projector and predictor.</summary>
    public int ProjectorHidden { get; init; } = 512;

    /// <summary>Length of an embedding.</summary>
    public int EmbeddingSize { get; init; } = 128;

    /// <summary>The encoder: one of <see cref="KnownEncoder.Names"/>.</summary>
    public string Encoder { get; init; } = "resnet18";

    /// <summary>Channels of the encoder's first stage; features have 8 times as many values, 32 times with bottleneck blocks.</summary>
    public int Width { get; init; } = 64;

    /// <summary>Whether the last batch-norm of each block starts at zero.</summary>
    public bool ZeroInit { get; init; }

    /// <summary>A safetensors file whose weights the encoder starts from; null starts from random ones.</summary>
    public string? Weights { get; init; }

    /// <summary>The view recipe: one of <see cref="ViewRecipe.KnownNames"/>, or a JSON file of one's own.</summary>
    public string Views { get; init; } = "cifar";

    /// <summary>Side of a view in pixels; null takes the recipe's own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Passes over the images.</summary>
    public int Epochs { get; init; } = 200;

    /// <summary>Images in a step, two views each; ≥ 2.</summary>
    public int Batch { get; init; } = 128;

    /// <summary>Images whose activations are in memory at a time, ≥ 4; null keeps the whole batch's. See <c>docs/path.md</c> on what batch-norm then means.</summary>
    public int? Chunk { get; init; }

    /// <summary>Batches whose gradients are averaged in a step. They do not widen the batch: negatives come from an image's own batch.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>The optimizer: <c>sgd</c>, <c>lars</c> or <c>adamw</c>.</summary>
    public string Optimizer { get; init; } = "sgd";

    /// <summary>Whether SGD's momentum is Nesterov's.</summary>
    public bool Nesterov { get; init; }

    /// <summary>Peak learning rate; null takes the optimizer's usual one for 256 images (sgd 0.24, lars 0.3, adamw 0.001), scaled linearly.</summary>
    public double? LearningRate { get; init; }

    /// <summary>How the learning rate follows the images in a step, n = batch × accumulate: <c>none</c>, <c>linear</c> (× n / 256) or <c>square-root</c> (× √(n / 256)); null takes none where a learning rate is given.</summary>
    public string? LearningRateScaling { get; init; }

    /// <summary>How the learning rate goes down: <c>cosine</c>, <c>step</c> or <c>constant</c>.</summary>
    public string Schedule { get; init; } = "cosine";

    /// <summary>Pull of weights towards zero; biases and batch-norm are left out.</summary>
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Greatest length of the gradient, above which it is scaled down; null leaves it.</summary>
    public double? ClipGradient { get; init; }

    /// <summary>Epochs in which the learning rate rises from zero.</summary>
    public double WarmupEpochs { get; init; } = 1;

    /// <summary>Where all randomness starts: weights, order of images, views.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Threads that draw views; null for as many as <see cref="Threads"/> where a CPU trains, and for one a core where a GPU does. Changes no result.</summary>
    public int? Workers { get; init; }

    /// <summary>Where the networks are computed: <c>cpu</c>, <c>cuda</c>, <c>cuda:N</c>, or <c>auto</c>: see <see cref="KnownDevice"/>. A run may go on on another.</summary>
    public string Device { get; init; } = KnownDevice.Automatic;

    /// <summary>Threads of the arithmetic; null takes one for each core.</summary>
    public int? Threads { get; init; }

    /// <summary>What the encoder is computed in while it trains: one of <see cref="KnownPrecision.Names"/>, or <see cref="KnownPrecision.Automatic"/>.</summary>
    public string Precision { get; init; } = "float32";

    /// <summary>Whether the run ends with the same bits on other machines too: one thread, and kernels that every x86-64 processor since 2013 has. Slower. Libtorch chooses its kernels at its first tensor: a program calls <see cref="TorchRuntime.UseTheSameArithmeticEverywhere"/> before that.</summary>
    public bool Deterministic { get; init; }

    /// <summary>Epochs from one measurement of the accuracy on labelled training images to the next; null for none. Changes no result.</summary>
    public int? EvaluateEvery { get; init; }

    /// <summary>Steps from one checkpoint to the next.</summary>
    public int CheckpointEvery { get; init; } = 500;

    /// <summary>How many of the newest checkpoints stay.</summary>
    public int KeepLast { get; init; } = 2;

    /// <summary>Checkpoints at multiples of this many steps stay as well; null for none.</summary>
    public int? KeepEvery { get; init; }

    /// <summary>Whether photographs are turned as their EXIF orientation says. Who opens the source does it: <see cref="Data.ImageSource.Open"/>.</summary>
    public bool ExifOrientation { get; init; }

    /// <summary>Whether images that cannot be read are left out, instead of ending the run before it starts. Who opens the source does it: <see cref="Data.ReadabilityCheck.KeepReadable"/>.</summary>
    public bool SkipUnreadable { get; init; }

    /// <summary>Brings libtorch's arithmetic into the mode and number of threads that these settings name.</summary>
    internal void SetArithmetic()
    {
        if (Deterministic)
            TorchRuntime.UseTheSameArithmeticEverywhere();
        else
            TorchSharp.torch.set_num_threads(Threads ?? Environment.ProcessorCount);
    }

    /// <summary>Where these settings are computed here.</summary>
    /// <exception cref="InvalidInputException">This machine and libtorch have no such device.</exception>
    public TorchSharp.torch.Device FindDevice() => KnownDevice.Named(Deterministic ? "cpu" : Device);

    /// <summary>The peak learning rate in effect.</summary>
    [JsonIgnore]
    public double EffectiveLearningRate
    {
        get
        {
            double images = (double)Batch * Accumulate / UsualStep;
            string scaling = LearningRateScaling ?? (LearningRate is null ? "linear" : "none");
            return (LearningRate ?? KnownOptimizer.Named(Optimizer).LearningRate) * (scaling switch { "linear" => images, "square-root" => Math.Sqrt(images), _ => 1 });
        }
    }

    /// <summary>The loss that these settings name.</summary>
    public ContrastiveLoss CreateLoss() => ContrastiveLoss.Create(Loss, Temperature, Sigma) with
    {
        InfoNceShare = InfonceShare,
        FalseNegativeShare = FalseNegativeShare,
        Hardness = Hardness,
        SimilarityCeiling = SimilarityCeiling,
    };

    /// <summary>The encoder that these settings name, with random weights.</summary>
    public ResNet CreateEncoder() => new(CreateEncoderSettings(), Seed, ZeroInit) { Precision = KnownPrecision.TypeOf(Precision) };

    /// <summary>The method that these settings name.</summary>
    /// <param name="encoder">The encoder; the method owns it from then on.</param>
    /// <param name="images">How many images there are to learn from.</param>
    public IMethod CreateMethod(ResNet encoder, int images) => KnownMethod.Named(Method).Create(encoder, new MethodSettings
    {
        Hidden = ProjectorHidden,
        EmbeddingSize = EmbeddingSize,
        Queue = Queue ?? Math.Min(UsualMemory, Math.Max(2, images / 2)),
        Momentum = Momentum,
        IsSymmetric = Symmetric,
        SupportSet = SupportSet ?? Math.Min(UsualMemory, Math.Max(1, images / 2)),
        Seed = Seed,
    });

    /// <summary>The view recipe that these settings name.</summary>
    public ViewRecipe CreateViewRecipe() => ViewRecipe.Named(Views, ImageSize);

    /// <summary>The shape of the encoder that these settings name; its stem and channels follow from the views.</summary>
    public EncoderSettings CreateEncoderSettings()
    {
        ViewRecipe recipe = CreateViewRecipe();
        return new() { Name = Encoder, Width = Width, Channels = recipe.Channels, Stem = EncoderSettings.StemFor(recipe.Size) };
    }

    /// <summary>Checks every setting and speaks of all mistakes at once.</summary>
    /// <exception cref="InvalidInputException">At least one setting cannot be used; one line for each.</exception>
    public void Validate()
    {
        string[] mistakes = FindMistakes().ToArray();
        if (mistakes.Length > 0)
            throw new InvalidInputException(string.Join(Environment.NewLine, mistakes));
    }

    private IEnumerable<string> FindMistakes()
    {
        if (Complaint(() => KnownMethod.Named(Method)) is { } method)
            yield return method;
        if (Complaint(() => ContrastiveLoss.Create(Loss, Temperature, Sigma)) is { } loss)
            yield return loss;
        if (!(InfonceShare >= 0 && InfonceShare <= 1))
            yield return $"--infonce-share must be from 0 to 1, but it is {InfonceShare}.";
        if (InfonceShare > 0 && Loss == "infonce")
            yield return "--infonce-share blends InfoNCE into dcl or dclw, but the loss is infonce. Leave it out, or use --loss dcl.";
        if (!(FalseNegativeShare >= 0 && FalseNegativeShare < 1))
            yield return $"--false-negative-share must be at least 0 and below 1, but it is {FalseNegativeShare}.";
        if (!(Hardness >= 0 && double.IsFinite(Hardness)))
            yield return $"--hardness must be 0 or more, but it is {Hardness}.";
        if (SimilarityCeiling is { } ceiling && !(ceiling > -1 && ceiling < 1))
            yield return $"--similarity-ceiling must be above -1 and below 1, but it is {ceiling}.";
        if (Supervised && KnownMethod.All.FirstOrDefault(m => m.Name == Method) is { TakesLabels: false })
            yield return $"--supervised belongs to {string.Join(", ", KnownMethod.All.Where(m => m.TakesLabels).Select(m => m.Name))}, but the method is {Method}. Leave it out, or use --method simclr.";
        if (Queue is < 2)
            yield return $"--queue must be at least 2, since no image is a negative of itself, but it is {Queue}.";
        if (!(Momentum >= 0 && Momentum <= 1))
            yield return $"--momentum must be from 0 to 1, but it is {Momentum}.";
        if (SupportSet is < 1)
            yield return $"--support-set must be at least 1, but it is {SupportSet}.";
        if (ProjectorHidden < 1)
            yield return $"--projector-hidden must be at least 1, but it is {ProjectorHidden}.";
        if (EmbeddingSize < 2)
            yield return $"--embedding-size must be at least 2, but it is {EmbeddingSize}.";
        foreach (string mistake in (new EncoderSettings { Name = Encoder, Width = Width }).FindMistakes())
            yield return mistake;
        if (Complaint(() => CreateViewRecipe()) is { } views)
            yield return views;
        if (Epochs is < 1 or > 100_000)
            yield return $"--epochs must be from 1 to 100,000, but it is {Epochs}.";
        if (Batch < 2)
            yield return $"--batch must be at least 2, since the negatives of an image are the other images of its batch, but it is {Batch}.";
        if (TemperatureEnd is { } end && !(end > 0 && double.IsFinite(end)))
            yield return $"--temperature-end must be a finite number above 0, but it is {end}.";
        if (!Training.TemperatureSchedule.Shapes.Contains(TemperatureSchedule))
            yield return NearMiss.Describe("temperature schedule", TemperatureSchedule, Training.TemperatureSchedule.Shapes);
        if (Chunk is < 4)
            yield return $"--chunk must be at least 4, since batch-norm needs several images to normalize, but it is {Chunk}.";
        if (Chunk is >= 4 and var images && images < Batch && BatchGradient.SmallestChunk(Batch, images) is < 4 and var fewest)
            yield return $"--chunk {images} parts a batch of {Batch} into chunks of {fewest}, and batch-norm needs at least 4 images to normalize. Use a larger --chunk, or a --batch that is a multiple of it.";
        if (Accumulate < 1)
            yield return $"--accumulate must be at least 1, but it is {Accumulate}.";
        if (!KnownOptimizer.Names.Contains(Optimizer))
            yield return NearMiss.Describe("optimizer", Optimizer, KnownOptimizer.Names);
        if (Nesterov && Optimizer != "sgd")
            yield return $"--nesterov belongs to sgd, but the optimizer is {Optimizer}. Leave it out, or use --optimizer sgd.";
        if (LearningRateScaling is not null && !LearningRateScalings.Contains(LearningRateScaling))
            yield return NearMiss.Describe("learning-rate scaling", LearningRateScaling, LearningRateScalings);
        if (!LearningRateSchedule.Shapes.Contains(Schedule))
            yield return NearMiss.Describe("schedule", Schedule, LearningRateSchedule.Shapes);
        if (ClipGradient is { } clip && !(clip > 0 && double.IsFinite(clip)))
            yield return $"--clip-gradient must be above 0, but it is {clip}.";
        if (LearningRate is { } rate && !(rate > 0 && double.IsFinite(rate)))
            yield return $"--learning-rate must be above 0, but it is {rate}.";
        if (!(WeightDecay >= 0 && double.IsFinite(WeightDecay)))
            yield return $"--weight-decay must be 0 or more, but it is {WeightDecay}.";
        if (!(WarmupEpochs >= 0 && WarmupEpochs <= Epochs))
            yield return $"--warmup-epochs must be from 0 to the number of epochs ({Epochs}), but it is {WarmupEpochs}.";
        if (Workers < 1)
            yield return $"--workers must be at least 1, but it is {Workers}.";
        if (Threads is < 1)
            yield return $"--threads must be at least 1, but it is {Threads}.";
        if (Precision != KnownPrecision.Automatic && !KnownPrecision.Names.Contains(Precision))
            yield return NearMiss.Describe("precision", Precision, [KnownPrecision.Automatic, .. KnownPrecision.Names]);
        if (KnownDevice.FindMistake(Device) is { } device)
            yield return device;
        if (Deterministic && Device is not (KnownDevice.Automatic or "cpu"))
            yield return $"--deterministic computes on the processor, but --device is {Device}. Leave one of them out.";
        if (Deterministic && Precision != "float32")
            yield return $"--deterministic computes in float32, but --precision is {Precision}. Leave one of them out.";
        if (Deterministic && Threads is > 1)
            yield return $"--deterministic computes with one thread, but --threads is {Threads}. Leave one of them out.";
        if (EvaluateEvery is < 1)
            yield return $"--evaluate-every must be at least 1 epoch, but it is {EvaluateEvery}.";
        if (CheckpointEvery < 1)
            yield return $"--checkpoint-every must be at least 1 step, but it is {CheckpointEvery}.";
        if (KeepLast < 1)
            yield return $"--keep-last must be at least 1 checkpoint, but it is {KeepLast}.";
        if (KeepEvery is { } kept && (kept < 1 || (CheckpointEvery >= 1 && kept % CheckpointEvery != 0)))
            yield return $"--keep-every must be a multiple of --checkpoint-every ({CheckpointEvery}), but it is {kept}.";
    }

    private static string? Complaint(Action create)
    {
        try
        {
            create();
            return null;
        }
        catch (Exception exception) when (exception is InvalidInputException or ArgumentException)
        {
            return exception.Message;
        }
    }

    // What changes the result, the rest at its default. The same place in other words (photos, photos/, /home/me/photos) is no difference; that the images are the same is checked by their names.
    internal PretrainOptions Decisive => this with
    {
        Images = Images.Length == 0 ? "" : Path.TrimEndingDirectorySeparator(Path.GetFullPath(Images)),
        Workers = null,
        Threads = null,
        Device = KnownDevice.Automatic,
        EvaluateEvery = null,
        CheckpointEvery = 1,
        KeepLast = 2,
        KeepEvery = null,
    };

    /// <summary>The settings of both that differ and that change the result, one line each.</summary>
    /// <param name="other">The settings to compare with.</param>
    public IReadOnlyList<string> DifferencesFrom(PretrainOptions other)
    {
        var own = JsonSerializer.SerializeToElement(Decisive, Recipe.Json).EnumerateObject();
        var theirs = JsonSerializer.SerializeToElement(other.Decisive, Recipe.Json);
        return own.Where(p => p.Value.ToString() != theirs.GetProperty(p.Name).ToString())
            .Select(p => $"{(p.NameEquals("images") ? "IMAGES" : $"--{p.Name}")} is {p.Value} here and {theirs.GetProperty(p.Name)} there").ToArray();
    }

    /// <summary>The settings as JSON, in the words of the tool's options: a file that <see cref="Recipe.Read"/> takes.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Recipe.Json);
}
