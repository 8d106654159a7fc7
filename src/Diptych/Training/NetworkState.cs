using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Copies saved tensors into a network, name by name, and never silently.</summary>
internal static class NetworkState
{
    /// <summary>Fills every parameter and buffer of the network.</summary>
    /// <param name="network">The network, whose own memory layout is kept.</param>
    /// <param name="saved">Saved tensors by name.</param>
    /// <param name="origin">Where they come from, for the message.</param>
    /// <param name="prefix">What stands before the network's own names.</param>
    /// <exception cref="InvalidInputException">A name is missing or unexpected, or a shape differs; the network is then untouched.</exception>
    public static void Restore(nn.Module network, IReadOnlyDictionary<string, Tensor> saved, string origin, string prefix = "")
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Dictionary<string, Tensor> own = network.state_dict();
        string[] missing = own.Keys.Where(name => !saved.ContainsKey(prefix + name)).Select(n => prefix + n).ToArray();
        string[] unexpected = saved.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && !own.ContainsKey(name[prefix.Length..])).ToArray();
        string[] shapes = own.Where(t => saved.TryGetValue(prefix + t.Key, out Tensor? other) && !other.shape.SequenceEqual(t.Value.shape))
            .Select(t => $"{prefix + t.Key} is [{string.Join(", ", saved[prefix + t.Key].shape)}] there and [{string.Join(", ", t.Value.shape)}] here").ToArray();
        if (missing.Length + unexpected.Length + shapes.Length > 0)
            throw new InvalidInputException(string.Join(Environment.NewLine,
                new[] { $"The weights in {origin} do not fit this network: {own.Count - missing.Length - shapes.Length} of {own.Count} tensors match." }
                    .Concat(List("Missing there", missing)).Concat(List("Unexpected there", unexpected)).Concat(List("Other shapes", shapes))));
        foreach (var (name, tensor) in own)
            tensor.copy_(saved[prefix + name]);
    }

    private static IEnumerable<string> List(string title, string[] lines) =>
        lines.Length == 0 ? [] : [$"{title}: {string.Join(", ", lines.Take(5))}{(lines.Length > 5 ? $" and {lines.Length - 5} more" : "")}."];
}
