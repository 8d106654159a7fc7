using System.Text.Json;
using System.Text.Json.Serialization;
using Diptych.Checkpoints;
using Diptych.Models;
using Diptych.Views;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>An encoder as a file: safetensors with torchvision's parameter names, its settings in the metadata.</summary>
public static class EncoderFile
{
    private const string EncoderKey = "diptych.encoder", ViewsKey = "diptych.views";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>Writes weights, batch-norm statistics and settings; the file appears only when it is whole.</summary>
    /// <param name="path">Where to; an existing file is replaced.</param>
    /// <param name="encoder">The encoder.</param>
    /// <param name="views">The recipe it was trained with: its size, mean and standard deviation are needed to use the encoder.</param>
    public static void Write(string path, ResNet encoder, ViewRecipe views)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        SafetensorsFile.Write(path, encoder.state_dict().Select(t => (t.Key, t.Value)), new Dictionary<string, string>
        {
            ["format"] = "pt",
            [EncoderKey] = JsonSerializer.Serialize(encoder.Settings, Json),
            [ViewsKey] = JsonSerializer.Serialize(views, Json),
        });
    }

    /// <summary>Builds the encoder that a file describes, with its weights, ready for evaluation. The caller disposes it; no dispose scope does.</summary>
    /// <param name="path">A file that <see cref="Write"/> made.</param>
    /// <exception cref="InvalidInputException">The file is missing or damaged, or names do not fit.</exception>
    public static (ResNet Encoder, ViewRecipe Views) Read(string path)
    {
        var (tensors, metadata) = SafetensorsFile.Read(path);
        if (!metadata.TryGetValue(EncoderKey, out string? encoderText) || !metadata.TryGetValue(ViewsKey, out string? viewsText))
            throw new InvalidInputException($"{path} holds tensors, but no settings of a Diptych encoder. Expected a file that `diptych pretrain` wrote.");
        EncoderSettings settings;
        ViewRecipe views;
        try
        {
            settings = JsonSerializer.Deserialize<EncoderSettings>(encoderText, Json) ?? throw new JsonException("no encoder");
            views = JsonSerializer.Deserialize<ViewRecipe>(viewsText, Json) ?? throw new JsonException("no views");
        }
        catch (JsonException exception)
        {
            throw new InvalidInputException($"{path} holds settings that cannot be read: {exception.Message}", exception);
        }
        views.Validate();
        var encoder = new ResNet(settings);
        NetworkState.Restore(encoder, tensors, path);
        if (tensors.FirstOrDefault(t => t.Value.is_floating_point() && !t.Value.isfinite().all().item<bool>()).Key is { } bad)
            throw new InvalidInputException($"{path} holds values in {bad} that are not finite, so that no feature could be computed. Take another copy of the file, or train again.");
        foreach (Tensor tensor in tensors.Values)
            tensor.Dispose();
        encoder.eval();
        return (encoder, views);
    }
}
