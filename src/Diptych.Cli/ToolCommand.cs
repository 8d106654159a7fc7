using System.CommandLine;

namespace Diptych.Cli;

/// <summary>One command of the tool.</summary>
internal abstract class ToolCommand(string name, string description) : Command(name, description)
{
    /// <summary>Lines that can be typed as they are.</summary>
    public abstract IReadOnlyList<string> Examples { get; }

    /// <summary>Mistakes in the values, found without computing anything; options that could not be parsed are passed over.</summary>
    public virtual IEnumerable<string> FindMistakes(ParseResult parse) => [];

    /// <summary>Does the work.</summary>
    /// <returns>The exit code.</returns>
    public abstract int Run(ParseResult parse);

    /// <summary>Where networks are computed, for a command that trains none.</summary>
    protected static Option<string> DeviceOption() => new("--device") { Description = $"Where the encoder is computed: {string.Join(", ", KnownDevice.Names)} or cuda:N [{KnownDevice.Automatic}: a GPU where there is one]" };

    /// <summary>Whether the user gave the option, in a form that could be read.</summary>
    protected static bool IsGiven(ParseResult parse, Option option) =>
        parse.GetResult(option) is { Implicit: false } result && !result.Errors.Any();

    /// <summary>The value the user gave, or the fallback.</summary>
    protected static T Value<T>(ParseResult parse, Option<T> option, T fallback) =>
        IsGiven(parse, option) ? parse.GetValue(option)! : fallback;

    /// <summary>The lines of the message that an action throws, if it does.</summary>
    protected static string[] MistakesOf(Action action)
    {
        try
        {
            action();
            return [];
        }
        catch (InvalidInputException exception)
        {
            return exception.Message.Split(Environment.NewLine);
        }
    }
}
