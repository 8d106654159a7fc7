namespace Diptych;

/// <summary>libtorch, or TorchSharp's native library on top of it, cannot be loaded. The message says what was tried, where, and what to do.</summary>
public sealed class TorchLoadException : InvalidInputException
{
    /// <inheritdoc/>
    public TorchLoadException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchLoadException(string message, Exception innerException) : base(message, innerException) { }
}
