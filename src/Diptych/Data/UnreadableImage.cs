namespace Diptych.Data;

/// <summary>An image that a <see cref="ReadabilityCheck"/> could not decode.</summary>
/// <param name="Index">Its index in the source, 0-based.</param>
/// <param name="Name">Its name in the source.</param>
/// <param name="Reason">What is wrong with it: <c>premature end of JPEG</c>.</param>
public sealed record UnreadableImage(int Index, string Name, string Reason);
