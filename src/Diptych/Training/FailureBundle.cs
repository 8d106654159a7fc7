using System.Text.Json;
using System.Text.Json.Serialization;
using Diptych.Checkpoints;
using Diptych.Methods;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>A folder with everything that a step needed which could not be made, so that it can be made again and looked into.</summary>
public sealed record FailureBundle
{
    private const string InfoName = "failure.json", StateName = "state.safetensors", RecipeName = "recipe.json", ViewsName = "views";
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower, WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>What was wrong.</summary>
    public required string What { get; init; }

    /// <summary>The step, 1-based.</summary>
    public required int Step { get; init; }

    /// <summary>The temperature of the step.</summary>
    public required double Temperature { get; init; }

    /// <summary>How many images the run had.</summary>
    public required int ImageCount { get; init; }

    /// <summary>Names of the images in the batch.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>Their numbers in the run's images.</summary>
    public required IReadOnlyList<int> Indices { get; init; }

    /// <summary>The class of each image, or null where the run learned without labels.</summary>
    public IReadOnlyList<int>? Labels { get; init; }

    /// <summary>Length of every parameter before the step, by name.</summary>
    public required IReadOnlyDictionary<string, double> Norms { get; init; }

    /// <summary>Whether a folder is one.</summary>
    /// <param name="path">The folder.</param>
    public static bool IsAt(string path) => File.Exists(Path.Combine(path, InfoName));

    /// <summary>Writes a bundle.</summary>
    /// <param name="path">The folder; made here.</param>
    /// <param name="options">The run's settings.</param>
    /// <param name="method">The networks as they were when the step failed.</param>
    /// <param name="views">The batch's normalized views, <c>[2N, C, H, W]</c>.</param>
    /// <param name="describe">The facts; norms are added here.</param>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written.</exception>
    public static void Write(string path, PretrainOptions options, IMethod method, Tensor views, FailureBundle describe)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(describe);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Directory.CreateDirectory(path);
        AtomicFile.WriteText(Path.Combine(path, RecipeName), options.ToJson());
        SafetensorsFile.Write(Path.Combine(path, StateName), method.Networks.SelectMany(n => n.Module.state_dict().Select(t => ($"{n.Name}.{t.Key}", t.Value))).Append((ViewsName, views)), new Dictionary<string, string>());
        var norms = method.Networks.SelectMany(n => n.Module.named_parameters().Select(p => (Name: $"{n.Name}.{p.name}", Norm: (double)p.parameter.norm().item<float>()))).ToDictionary(p => p.Name, p => p.Norm);
        AtomicFile.WriteText(Path.Combine(path, InfoName), JsonSerializer.Serialize(describe with { Norms = norms }, Json));
    }

    /// <summary>Reads the facts.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="InvalidInputException">It is not such a folder.</exception>
    public static FailureBundle Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<FailureBundle>(SmallFile.ReadText(Path.Combine(path, InfoName)), Json) ?? throw new JsonException("it is empty");
        }
        catch (Exception exception) when (exception is JsonException or IOException)
        {
            throw new InvalidInputException($"{path} holds no whole {InfoName}: {exception.Message}", exception);
        }
    }

    /// <summary>Makes the step again, up to its gradient.</summary>
    /// <param name="path">The folder.</param>
    /// <returns>What came of it: the fault again, or loss and gradient.</returns>
    /// <exception cref="InvalidInputException">The folder is damaged.</exception>
    public static string Replay(string path)
    {
        FailureBundle facts = Read(path);
        PretrainOptions options = Recipe.Read(Path.Combine(path, RecipeName)).Options;
        options.Validate();
        using var scope = NewDisposeScope();
        options.SetArithmetic();
        Dictionary<string, Tensor> state = SafetensorsFile.Read(Path.Combine(path, StateName)).Tensors;
        if (!state.TryGetValue(ViewsName, out Tensor? views))
            throw new InvalidInputException($"{path} holds no views. Take another copy of the folder.");
        using IMethod method = options.CreateMethod(options.CreateEncoder(), facts.ImageCount);
        foreach (var (name, module) in method.Networks)
        {
            NetworkState.Restore(module, state, path, name + ".");
            module.train();
        }
        try
        {
            var directions = BatchGradient.Add(method, ChannelsLast.Of(views), facts.Indices, (options with { Temperature = facts.Temperature }).CreateLoss(), share: 1, options.Chunk, facts.Labels).Directions;
            string[] bad = method.Networks.SelectMany(n => n.Module.named_parameters().Select(p => (Name: $"{n.Name}.{p.name}", p.parameter.grad)))
                .Where(p => p.grad is not null && !p.grad.isfinite().all().item<bool>()).Select(p => p.Name).ToArray();
            return $"the loss is {directions.Average(d => d.Value.item<float>()):G6}; " + (bad.Length == 0 ? "all gradients are finite" : $"gradients that are not finite: {string.Join(", ", bad)}");
        }
        catch (Exception exception) when (exception is ArgumentException or DivergedException)
        {
            return exception.Message;
        }
    }
}
