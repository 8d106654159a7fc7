namespace Diptych;

/// <summary>Something the user gave cannot be used: a path, a file, an option. The message says what was expected, what was found, where, and what to do.</summary>
/// <remarks>The tool answers it with one message and exit code 2; everything else is a fault of the program.</remarks>
public class InvalidInputException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">The whole message, ready to be shown.</param>
    public InvalidInputException(string message) : base(message) { }

    /// <inheritdoc cref="InvalidInputException(string)"/>
    /// <param name="message">The whole message, ready to be shown.</param>
    /// <param name="innerException">What the file or the library said.</param>
    public InvalidInputException(string message, Exception innerException) : base(message, innerException) { }
}
