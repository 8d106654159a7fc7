using System.CommandLine;
using System.Text.Json;
using Diptych.Checkpoints;
using Diptych.Data;
using Diptych.Reports;
using Diptych.Training;
using Spectre.Console;

namespace Diptych.Cli;

/// <summary><c>diptych sweep</c>: many runs by a plan, then their comparison.</summary>
internal sealed class SweepCommand : ToolCommand
{
    private const string SkipUnreadable = "--skip-unreadable";

    private readonly Argument<string> _plan = new("PLAN.json") { Description = "The plan: settings, vary, seeds and evaluate; see docs/sweeps.md." };
    private readonly LabelledParts _parts = new("images that every run learns from without their labels", "labelled images to judge by");
    private readonly Option<int> _processes = new("--processes") { Description = "Runs at a time [1]" };
    private readonly Option<string> _out = new("--out") { Description = "The folder of the runs; a sweep that was stopped goes on in it", Required = true };
    private readonly Option<bool> _json = new("--json") { Description = "Print the comparison as one JSON object" };

    public SweepCommand() : base("sweep", "Train and evaluate many runs by a plan, and compare them. Run it again to go on where it was stopped.")
    {
        Arguments.Add(_plan);
        foreach (Option option in (Option[])[.. _parts.Options, _processes, _out, _json])
            Options.Add(option);
    }

    public override IReadOnlyList<string> Examples { get; } = ["diptych sweep bench/sweeps/sample.json --data samples/eurosat --out runs/sweep", "diptych sweep mine.json --train labelled/train --test labelled/test --processes 2 --out runs/mine"];

    public override IEnumerable<string> FindMistakes(ParseResult parse)
    {
        if (Value(parse, _processes, 1) < 1)
            yield return $"--processes must be at least 1, but it is {parse.GetValue(_processes)}.";
        if (_parts.FindMistake(parse) is { } missing)
            yield return missing;
    }

    public override int Run(ParseResult parse)
    {
        var (train, test) = _parts.FindBoth(parse);
        string folder = parse.GetValue(_out)!;
        WrittenPath.MustBeOutside(folder, train);
        WrittenPath.MustBeOutside(folder, test);
        SweepPlan plan = SweepPlan.Read(parse.GetValue(_plan)!);
        string[] evaluation = ["--train", train, "--test", test, .. plan.Evaluate];
        var wanted = plan.Expand(train);
        if (wanted.Any(run => run.Options.SkipUnreadable) && !evaluation.Contains(SkipUnreadable))
            evaluation = [.. evaluation, SkipUnreadable]; // judged on the images that it may learn from
        CheckEvaluation(evaluation);
        using (IImageSource source = ImageSource.Open(train))
        {
            foreach (var (name, options) in wanted)
            {
                Pretraining.Check(options, source);
                if (options.Weights is { } weights && !File.Exists(weights))
                    throw new InvalidInputException($"{name}: weights names {weights}, but there is no such file. Expected a .safetensors file.");
            }
        }
        if (wanted.Select(run => run.Options.Device).Distinct().Where(device => device is not (KnownDevice.Automatic or "cpu")).ToArray() is { Length: > 0 } devices)
        {
            TorchRuntime.Load();
            Array.ForEach(devices, device => KnownDevice.Named(device));
        }
        wanted = WithOnePrecision(wanted, folder);
        SweepRun[] runs = [.. wanted.Select(run => new SweepRun(run.Name, run.Options, folder))];
        KeepEvaluation(folder, evaluation);
        SweepRun[] open = [.. runs.Where(run => !run.IsDone())];
        Console.Error.WriteLine($"{runs.Length:N0} runs, {runs.Length - open.Length:N0} of them done already.");

        using var signals = new StopSignals();
        Work(runs, open, evaluation, Value(parse, _processes, 1), signals);
        var finished = runs.Where(run => run.State == "done").ToArray();
        SweepRun[] failed = [.. runs.Where(run => run.Failure is not null)];
        if (finished.Length > 0)
        {
            var comparison = new RunComparison([.. finished.Select(run => RunSummary.Read(run.Folder))]) { Failed = [.. failed.Select(run => $"{run.Name}: {run.Reason}")] };
            string table = comparison.ToMarkdown();
            Console.Out.WriteLine(parse.GetValue(_json) ? comparison.ToJson() : table);
            CompareCommand.WritePlots(() =>
            {
                AtomicFile.WriteText(Path.Combine(folder, "comparison.md"), table + Environment.NewLine);
                AtomicFile.WriteText(Path.Combine(folder, "comparison.json"), comparison.ToJson() + Environment.NewLine);
                return ComparisonPlots.Write(comparison, Path.Combine(folder, "plots"));
            }, folder);
        }
        int left = runs.Length - finished.Length - failed.Length;
        string failures = $"{failed.Length:N0} of {runs.Length:N0} runs failed, {finished.Length:N0} are done.{Environment.NewLine}{string.Join(Environment.NewLine, failed.Select(run => $"{run.Name}: {run.Failure}"))}";
        if (left == 0)
            return failed.Length == 0 ? Tool.Done : throw new InvalidInputException(failures);
        if (failed.Length > 0)
            Console.Error.WriteLine(failures);
        Console.Error.WriteLine($"Interrupted with {finished.Length:N0} of {runs.Length:N0} runs done. The same command goes on from here.");
        return Tool.Interrupted;
    }

    // What `auto` stands for is found once: runs that are compared must not differ in it.
    private static IReadOnlyList<(string Name, PretrainOptions Options)> WithOnePrecision(IReadOnlyList<(string Name, PretrainOptions Options)> wanted, string folder)
    {
        var open = wanted.Where(run => run.Options.Precision == KnownPrecision.Automatic).ToArray();
        if (open.Length == 0)
            return wanted;
        string? made = open.Select(run => Path.Combine(folder, run.Name)).Where(RunFolder.IsAt).Select(path => RunFolder.Open(path).ReadOptions().Precision).FirstOrDefault();
        if (made is null)
        {
            TorchRuntime.Load();
            (PretrainOptions chosen, string? why) = KnownPrecision.Choose(open[0].Options);
            Console.Error.WriteLine($"{why} All runs take it.");
            made = chosen.Precision;
        }
        return [.. wanted.Select(run => run.Options.Precision == KnownPrecision.Automatic ? (run.Name, run.Options with { Precision = made }) : run)];
    }

    private static void Work(SweepRun[] runs, SweepRun[] open, string[] evaluation, int processes, StopSignals signals)
    {
        int threads = Math.Max(1, Environment.ProcessorCount / processes);
        using CancellationTokenRegistration passing = signals.Token.Register(() =>
        {
            if (signals.IsTerminated)
                Array.ForEach(open, run => run.Stop());
        });
        Task All(Action<SweepRun> changed) => Parallel.ForEachAsync(open, new ParallelOptions { MaxDegreeOfParallelism = processes },
            async (run, _) => await run.Work(evaluation, threads, changed, signals.Token).ConfigureAwait(false));

        if (Console.IsErrorRedirected)
            All(run => Console.Error.WriteLine($"{run.Name}: {run.State}")).GetAwaiter().GetResult();
        else
            OnTerminal(runs, All);
    }

    // Done and waiting runs are counted; those at work have a row each.
    private static void OnTerminal(SweepRun[] runs, Func<Action<SweepRun>, Task> work)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Live(new Text("")).Start(context =>
        {
            void Draw()
            {
                var table = new Table().AddColumn("run").AddColumn($"{runs.Count(r => r.State == "done")} done, {runs.Count(r => r.State == "waiting")} waiting, {runs.Count(r => r.State is "failed")} failed");
                foreach (SweepRun run in runs.Where(r => r.State is not ("done" or "waiting")))
                    table.AddRow(new Text(run.Name), new Text(run.State));
                context.UpdateTarget(table);
            }
            object gate = new();
            Draw();
            work(_ => { lock (gate) Draw(); }).GetAwaiter().GetResult();
        });
    }

    // Mistakes in the plan's arguments are known before the first run, not hours later.
    private static void CheckEvaluation(string[] evaluation)
    {
        var command = new EvaluateCommand();
        Tool.ReadNumbers(command);
        ParseResult parse = command.Parse(["run", .. evaluation]);
        IReadOnlyList<string> mistakes = Tool.FindMistakes(parse, command);
        if (mistakes.Count == 0)
            mistakes = MistakesOf(() => command.CheckImages(parse));
        if (mistakes.Count > 0)
            throw new InvalidInputException($"The plan's evaluate cannot be used: {string.Join(Environment.NewLine, mistakes)}");
    }

    // Figures that came about differently must not stand in one table.
    private static void KeepEvaluation(string folder, string[] evaluation)
    {
        string path = Path.Combine(folder, "evaluate.json"), wanted = JsonSerializer.Serialize(WithWholePaths(evaluation));
        try
        {
            Directory.CreateDirectory(folder);
            if (!File.Exists(path))
                AtomicFile.WriteText(path, wanted);
            else if (JsonSerializer.Serialize(WithWholePaths(JsonSerializer.Deserialize<string[]>(File.ReadAllText(path)) ?? [])) is var found && found != wanted)
                throw new InvalidInputException($"The runs in {folder} were evaluated by {found}, and the plan asks for {wanted}. Choose another --out, or remove {path} and the evaluation.json of each run.");
        }
        catch (JsonException exception)
        {
            throw new InvalidInputException($"{path} does not say how the runs in {folder} were evaluated: {exception.Message} Choose another --out, or remove it and the evaluation.json of each run.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{folder} cannot be written: {exception.Message} Choose another --out.", exception);
        }
    }

    // The same images in other words are the same.
    private static string[] WithWholePaths(string[] evaluation) =>
        [.. evaluation.Select((word, i) => i > 0 && evaluation[i - 1] is "--train" or "--test" ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(word)) : word)];
}
