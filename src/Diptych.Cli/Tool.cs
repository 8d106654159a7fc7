using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Diptych.Cli;

/// <summary>The command line as a whole: finds the command, gathers every mistake, turns outcomes into exit codes.</summary>
internal static class Tool
{
    public const int Done = 0, Fault = 1, Mistake = 2, Interrupted = 130;

    private static readonly string[] AllocatorRefusals = ["DefaultCPUAllocator", "CUDA out of memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED"];

    private static readonly ToolCommand[] Commands = [new PretrainCommand(), new EvaluateCommand(), new EmbedCommand(), new ReportCommand(), new CompareCommand(), new SweepCommand(), new ViewsCommand(), new PackCommand(), new InspectCommand(), new ListCommand(), new DemoCommand()];

    public static int Run(string[] args)
    {
        ToolCommand? chosen = null;
        return Guarded(() => Run(args, out chosen), () => chosen);
    }

    private static int Run(string[] args, out ToolCommand? chosen)
    {
        chosen = null;
        var root = new Command("diptych", "Learns image features without labels, in small batches: from a folder of images to an encoder, and how good it is.");
        root.Options.Add(new HelpOption { Recursive = true });
        foreach (ToolCommand command in Commands)
        {
            ReadNumbers(command);
            root.Subcommands.Add(command);
        }

        if (args is ["--version"])
            return ShowVersion();
        ParseResult parse = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (parse.Action is HelpAction)
            return Show(parse);
        chosen = parse.CommandResult.Command as ToolCommand;
        IReadOnlyList<string> mistakes = FindMistakes(parse, chosen);
        if (mistakes.Count > 0)
            return Complain(string.Join(Environment.NewLine, mistakes) + Environment.NewLine + $"Try: diptych {(chosen is null ? "" : chosen.Name + " ")}--help");
        return chosen is null ? Complain("Name a command; see diptych --help.") : chosen.Run(parse);
    }

    /// <summary>All that is wrong with a command line, found without computing anything.</summary>
    public static IReadOnlyList<string> FindMistakes(ParseResult parse, ToolCommand? chosen) =>
        [.. DescribeErrors(parse, chosen).Concat(chosen?.FindMistakes(parse) ?? []).Distinct()];

    /// <summary>Turns what an action throws into a message and an exit code.</summary>
    internal static int Guarded(Func<int> action, Func<ToolCommand?> command)
    {
        try
        {
            return action();
        }
        catch (InvalidInputException exception)
        {
            return Complain(exception.Message);
        }
        catch (Exception exception) when (exception is OutOfMemoryException || AllocatorRefusals.Any(refusal => exception.Message.Contains(refusal, StringComparison.Ordinal)))
        {
            // libtorch's own refusal has no type of its own.
            return Complain($"There is not enough memory: {exception.Message.Split('\n')[0]}{Environment.NewLine}{AdviceOn(command())}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Complain($"{exception.Message} Name a file or folder that may be read, or written to.");
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine($"diptych failed, by a fault of its own. Please report it with these lines and the command:{Environment.NewLine}{exception}");
            return Fault;
        }
    }

    private static string AdviceOn(ToolCommand? command)
    {
        bool Has(string option) => command?.Options.Any(o => o.Name == option) == true;
        return Has("--chunk") ? "Use a smaller --batch, --image-size, --width or --queue, or --chunk to pass a batch through the network in parts. A run that was going on goes on with --resume."
            : Has("--no-baselines") ? "Pass --no-baselines, which leaves out raw pixels, end other programs, or use a machine with more."
            : Has("--count") ? "Use a smaller --count, or end other programs."
            : "End other programs, or use a machine with more.";
    }

    // Loads libtorch, so that the line also answers whether that works here.
    private static int ShowVersion()
    {
        TorchRuntime.Load();
        Console.Out.WriteLine($"diptych {typeof(TorchRuntime).Assembly.GetName().Version?.ToString(3)}, {TorchRuntime.Description}; 1 + 1 = {TorchSharp.torch.ones(2).sum().item<float>()}");
        return Done;
    }

    private static int Show(ParseResult help)
    {
        int exit = help.Invoke();
        if (help.CommandResult.Command is ToolCommand command && help.Action is HelpAction)
            Console.Out.WriteLine($"Examples:{Environment.NewLine}{string.Join(Environment.NewLine, command.Examples.Select(e => "  " + e))}");
        return exit;
    }

    /// <summary>Has a command's numbers read with a point, wherever the user lives: 0,1 must not become 1.</summary>
    public static void ReadNumbers(ToolCommand command)
    {
        foreach (Option<double> option in command.Options.OfType<Option<double>>())
            option.CustomParser = ParseNumber;
    }

    private static double ParseNumber(ArgumentResult given)
    {
        if (!double.TryParse(given.Tokens[^1].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
            given.AddError("not a number");
        return number;
    }

    private static int Complain(string message)
    {
        Console.Error.WriteLine(message);
        return Mistake;
    }

    private static List<string> DescribeErrors(ParseResult parse, Command? chosen)
    {
        var mistakes = new List<string>();
        foreach (SymbolResult given in parse.CommandResult.Children)
        {
            if (given is OptionResult { Tokens: var values } emptied && values.Any(t => t.Value.Length == 0))
                mistakes.Add($"{emptied.Option.Name} needs a value, but it is empty.");
            else if (given is ArgumentResult { Tokens: var words } argument && words.Any(t => t.Value.Length == 0))
                mistakes.Add($"{argument.Argument.Name} is empty: {argument.Argument.Description}");
        }
        // Without a command there is nothing that what follows could belong to.
        foreach (string token in parse.UnmatchedTokens.Take(chosen is null ? 1 : int.MaxValue))
        {
            mistakes.Add(chosen is null
                ? NearMiss.Describe("command", token, Commands.Select(c => c.Name).ToArray())
                : token.StartsWith('-')
                    ? NearMiss.Describe("option", token, chosen.Options.Select(o => o.Name).ToArray())
                    : $"'{token}' is one argument too many for diptych {chosen.Name}.");
        }
        foreach (ParseError error in parse.Errors)
        {
            if (error.SymbolResult is OptionResult option)
                mistakes.Add(DescribeOption(option));
            else if (error.SymbolResult is ArgumentResult { Argument: { } argument } && parse.UnmatchedTokens.Count == 0)
                mistakes.Add($"{argument.Name} is missing: {argument.Description}");
            else if (mistakes.Count == 0)
                mistakes.Add(error.Message);
        }
        return mistakes;
    }

    private static string DescribeOption(OptionResult option)
    {
        string needs = (Nullable.GetUnderlyingType(option.Option.ValueType) ?? option.Option.ValueType) switch
        {
            var type when type == typeof(int) || type == typeof(long) => "a whole number",
            var type when type == typeof(double) => "a number",
            _ => "a value",
        };
        return option.Tokens.Count switch
        {
            0 => $"{option.Option.Name} needs {needs} after it.",
            1 => $"{option.Option.Name} needs {needs}, but it is '{option.Tokens[0].Value}'.{(needs == "a number" && option.Tokens[0].Value.Contains(',', StringComparison.Ordinal) ? " Decimals stand behind a point: 0.1." : "")}",
            _ => $"{option.Option.Name} was given {option.Tokens.Count} times; give it once.",
        };
    }
}
