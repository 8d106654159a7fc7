using static TorchSharp.torch;

namespace Diptych;

/// <summary>Holds the gradients that a function of ours gave to libtorch until libtorch has taken them.</summary>
/// <remarks>It takes them right after the function returns. Until then a garbage collection must not free them, and afterwards their memory must not wait for one.</remarks>
internal static class GradientHandOver
{
    [ThreadStatic]
    private static List<Tensor>? _held;

    /// <summary>Holds gradients in place of those before, which were taken meanwhile.</summary>
    /// <param name="gradients">One for each input of the function, null where it has none; they leave their scope.</param>
    /// <returns>The same.</returns>
    public static List<Tensor> Keep(List<Tensor> gradients)
    {
        Release();
        foreach (Tensor? gradient in gradients)
            gradient?.DetachFromDisposeScope();
        return _held = gradients;
    }

    /// <summary>Lets go of what was taken.</summary>
    public static void Release()
    {
        foreach (Tensor? gradient in _held ?? [])
            gradient?.Dispose();
        _held = null;
    }
}
