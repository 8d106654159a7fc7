using System.Text.Json;
using System.Text.Json.Serialization;
using Diptych.Losses;
using Diptych.Models;
using Diptych.Views;

namespace Diptych.Training;

/// <summary>Every setting of a pre-training run. The defaults stand here and nowhere else; the names are the tool's options.</summary>
public sealed record PretrainOptions
{
    /// <summary>The methods there are.</summary>
    public static IReadOnlyList<string> Methods { get; } = ["simclr"];

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        WriteIndented = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Where the images are: a folder, a tar file, CIFAR batches or an idx file.</summary>
    public string Images { get; init; } = "";

    /// <summary>Which embeddings meet in the loss: <c>simclr</c>.</summary>
    public string Method { get; init; } = "simclr";

    /// <summary>The loss: <c>dcl</c>, <c>dclw</c> or <c>infonce</c>.</summary>
    public string Loss { get; init; } = "dcl";

    /// <summary>Divides similarities in the loss; > 0.</summary>
    public double Temperature { get; init; } = 0.1;

    /// <summary>DCLW's σ: how sharply its weights follow the positive similarity; > 0.</summary>
    public double Sigma { get; init; } = 0.5;

    /// <summary>The encoder: <c>resnet18</c>.</summary>
    public string Encoder { get; init; } = "resnet18";

    /// <summary>Channels of the encoder's first stage; features have 8 times as many values.</summary>
    public int Width { get; init; } = 64;

    /// <summary>The view recipe: <c>cifar</c>, <c>imagenet</c> or <c>satellite</c>.</summary>
    public string Views { get; init; } = "cifar";

    /// <summary>Side of a view in pixels; null takes the recipe's own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Passes over the images.</summary>
    public int Epochs { get; init; } = 200;

    /// <summary>Images in a step, two views each; ≥ 2.</summary>
    public int Batch { get; init; } = 128;

    /// <summary>Peak learning rate; null takes 0.24 × batch / 256.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Pull of weights towards zero; biases and batch-norm are left out.</summary>
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Epochs in which the learning rate rises from zero.</summary>
    public double WarmupEpochs { get; init; } = 1;

    /// <summary>Where all randomness starts: weights, order of images, views.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Threads that read images and draw views. Changes no result.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Threads of the arithmetic; null takes one for each core.</summary>
    public int? Threads { get; init; }

    /// <summary>Steps from one checkpoint to the next.</summary>
    public int CheckpointEvery { get; init; } = 500;

    /// <summary>Whether photographs are turned as their EXIF orientation says.</summary>
    public bool ExifOrientation { get; init; }

    /// <summary>Whether images that cannot be read are left out, instead of ending the run before it starts.</summary>
    public bool SkipUnreadable { get; init; }

    /// <summary>The peak learning rate in effect.</summary>
    [JsonIgnore]
    public double EffectiveLearningRate => LearningRate ?? 0.24 * Batch / 256;

    /// <summary>The loss that these settings name.</summary>
    public ContrastiveLoss CreateLoss() => ContrastiveLoss.Create(Loss, Temperature, Sigma);

    /// <summary>The view recipe that these settings name.</summary>
    public ViewRecipe CreateViewRecipe() => ViewRecipe.Named(Views, ImageSize);

    /// <summary>The encoder that these settings name; its stem follows from the size of the views.</summary>
    public EncoderSettings CreateEncoderSettings() => new() { Name = Encoder, Width = Width, Stem = EncoderSettings.StemFor(CreateViewRecipe().Size) };

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
        if (!Methods.Contains(Method))
            yield return NearMiss.Describe("method", Method, Methods);
        if (Complaint(() => CreateLoss()) is { } loss)
            yield return loss;
        if (!EncoderSettings.Names.Contains(Encoder))
            yield return NearMiss.Describe("encoder", Encoder, EncoderSettings.Names);
        foreach (string mistake in (new EncoderSettings { Width = Width }).FindMistakes())
            yield return mistake;
        if (Complaint(() => CreateViewRecipe()) is { } views)
            yield return views;
        if (Epochs is < 1 or > 100_000)
            yield return $"--epochs must be from 1 to 100,000, but it is {Epochs}.";
        if (Batch < 2)
            yield return $"--batch must be at least 2, since the negatives of an image are the other images of its batch, but it is {Batch}.";
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
        if (CheckpointEvery < 1)
            yield return $"--checkpoint-every must be at least 1 step, but it is {CheckpointEvery}.";
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

    /// <summary>The settings of both that differ and that change the result, one line each.</summary>
    /// <param name="other">The settings to compare with.</param>
    public IReadOnlyList<string> DifferencesFrom(PretrainOptions other)
    {
        var own = JsonSerializer.SerializeToElement(Neutral(this), Json).EnumerateObject();
        var theirs = JsonSerializer.SerializeToElement(Neutral(other), Json);
        return own.Where(p => p.Value.ToString() != theirs.GetProperty(p.Name).ToString())
            .Select(p => $"--{p.Name} is {p.Value} here and {theirs.GetProperty(p.Name)} there").ToArray();

        static PretrainOptions Neutral(PretrainOptions options) => options with { Workers = 1, Threads = null, CheckpointEvery = 1 };
    }

    /// <summary>The settings as JSON, in the words of the tool's options.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">The file is missing, is not JSON, or has unknown keys.</exception>
    public static PretrainOptions Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidInputException($"There is no file {path}. Expected the settings of a run.");
        try
        {
            return JsonSerializer.Deserialize<PretrainOptions>(File.ReadAllText(path), Json) ?? throw new JsonException("it is empty");
        }
        catch (JsonException exception)
        {
            throw new InvalidInputException($"{path} does not hold the settings of a run: {exception.Message}", exception);
        }
    }
}
