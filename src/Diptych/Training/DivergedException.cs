namespace Diptych.Training;

/// <summary>A step cannot be made: its loss or gradient is not finite.</summary>
internal sealed class DivergedException(string message) : Exception(message);
