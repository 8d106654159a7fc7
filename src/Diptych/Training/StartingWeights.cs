using Diptych.Checkpoints;
using Diptych.Models;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Weights of another training as the start of this one: torchvision's, or an encoder file's.</summary>
public static class StartingWeights
{
    /// <summary>Copies every tensor whose name and shape are those of the encoder; the encoder keeps the rest of its own.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="path">A safetensors file.</param>
    /// <returns>What matched, what is missing there, what is unexpected there: one line each.</returns>
    /// <exception cref="InvalidInputException">The file is missing or damaged, or nothing in it matches; the encoder is then untouched.</exception>
    public static IReadOnlyList<string> Load(ResNet encoder, string path)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Dictionary<string, Tensor> saved = SafetensorsFile.Read(path).Tensors, own = encoder.state_dict();
        string[] common = own.Keys.Where(saved.ContainsKey).ToArray();
        string[] matched = common.Where(name => saved[name].shape.SequenceEqual(own[name].shape)).ToArray();
        if (!matched.Any(name => own[name].dim() > 0)) // batch-norm's counters fit every network
            throw new InvalidInputException(
                $"None of the {saved.Count} tensors in {path} fits the encoder {encoder.Settings.Name} of width {encoder.Settings.Width}: it holds {Some(saved)}, the encoder {Some(own)}. Names must be torchvision's; see diptych inspect {path}.");
        foreach (string name in matched)
            own[name].copy_(saved[name]);
        return
        [
            $"Weights from {path}: {matched.Length} of {own.Count} tensors match.",
            .. List("Missing there", own.Keys.Except(common)),
            .. List("Unexpected there", saved.Keys.Except(common)),
            .. List("Other shapes", common.Except(matched).Select(name => $"{name} {Shape(saved[name])} there, {Shape(own[name])} here")),
        ];
    }

    private static string[] List(string title, IEnumerable<string> names) =>
        names.ToArray() is { Length: > 0 } all ? [$"{title}: {string.Join(", ", all)}."] : [];

    private static string Some(Dictionary<string, Tensor> tensors) =>
        string.Join(", ", tensors.Take(2).Select(t => $"{t.Key} {Shape(t.Value)}")) + (tensors.Count > 2 ? ", …" : "");

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
