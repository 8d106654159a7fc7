namespace Diptych.Data;

/// <summary>One image of a source cannot be decoded whole.</summary>
public sealed class UnreadableImageException : InvalidInputException
{
    internal const string UsualAdvice = "Remove it, or pass --skip-unreadable.";

    /// <summary>Creates the exception.</summary>
    /// <param name="name">The image's name in its source.</param>
    /// <param name="index">The image's index, 0-based.</param>
    /// <param name="count">How many images the source has.</param>
    /// <param name="reason">What is wrong with it, in a few words: <c>premature end of JPEG</c>.</param>
    /// <param name="advice">What to do.</param>
    /// <param name="innerException">What it was found by; null for nothing.</param>
    public UnreadableImageException(string name, int index, int count, string reason, string advice = UsualAdvice, Exception? innerException = null)
        : base($"{name} ({index + 1:N0} of {count:N0}) is not a readable image: {reason}. {advice}", innerException!)
    {
        Name = name;
        Index = index;
        Count = count;
        Reason = reason;
        Advice = advice;
    }

    /// <summary>The image's name in its source.</summary>
    public string Name { get; }

    /// <summary>The image's index in its source, 0-based.</summary>
    public int Index { get; }

    /// <summary>How many images its source has.</summary>
    public int Count { get; }

    /// <summary>What is wrong with it.</summary>
    public string Reason { get; }

    /// <summary>What to do.</summary>
    public string Advice { get; }
}
