using System.Diagnostics;
using System.Runtime.InteropServices;
using Diptych.Checkpoints;
using Diptych.Training;

namespace Diptych.Cli;

/// <summary>One run of a sweep: trained, then evaluated, each by a process of its own.</summary>
internal sealed partial class SweepRun(string name, PretrainOptions options, string folder)
{
    private const string Held = "another process is at work on it";
    private const int FirstSignal = 128, Kill9 = 9; // exit codes above are signals
    private const int Terminate = 15; // SIGTERM, on Linux and macOS

    private readonly List<string> _said = [];
    private Process? _process;

    public string Name => name;

    public string Folder => Path.Combine(folder, name);

    /// <summary>What is being done, in a word or a line of the training.</summary>
    public string State { get; private set; } = "waiting";

    /// <summary>What a process said that failed; null where none did.</summary>
    public string? Failure { get; private set; }

    /// <summary><see cref="Failure"/> on one line, from where it is told what was wrong.</summary>
    public string Reason
    {
        get
        {
            string[] lines = [.. (Failure ?? "").Split(Environment.NewLine).Where(line => !line.StartsWith("Try:", StringComparison.Ordinal))];
            int first = Array.FindIndex(lines, line => line.StartsWith("Training cannot", StringComparison.Ordinal) || line.StartsWith("There is not enough", StringComparison.Ordinal));
            return string.Join(' ', lines[Math.Max(0, first)..]);
        }
    }

    /// <summary>Looks at what an earlier sweep left.</summary>
    /// <returns>Whether nothing is left to do.</returns>
    /// <exception cref="InvalidInputException">A run of that name was made with other settings.</exception>
    public bool IsDone()
    {
        if (!RunFolder.IsAt(Folder))
            return false;
        RunFolder run = RunFolder.Open(Folder);
        IReadOnlyList<string> differences = options.DifferencesFrom(run.ReadOptions());
        if (differences.Count > 0)
            throw new InvalidInputException($"The run in {Folder} was made with other settings:{Environment.NewLine}{string.Join(Environment.NewLine, differences)}{Environment.NewLine}Choose another --out.");
        if (File.Exists(run.ViewRecipePath))
            run.KeepViews(options.CreateViewRecipe());
        if (!File.Exists(run.EncoderPath) || !File.Exists(run.EvaluationPath))
            return false;
        State = "done";
        return true;
    }

    /// <summary>Trains and evaluates what is not done yet.</summary>
    /// <param name="evaluation">Arguments of <c>diptych evaluate</c> after the run.</param>
    /// <param name="threads">Threads of the arithmetic where the settings leave them open.</param>
    /// <param name="changed">Called when the state changes.</param>
    /// <param name="stop">Asks to stop: the process at hand has been or is told, and nothing further starts.</param>
    public async Task Work(IReadOnlyList<string> evaluation, int threads, Action<SweepRun> changed, CancellationToken stop)
    {
        // A sweep that was killed leaves its run at work.
        while (RunFolder.IsAt(Folder) && RunFolder.Open(Folder).IsHeld && !stop.IsCancellationRequested)
        {
            (bool isNews, State) = (State != Held, Held);
            if (isNews)
                changed(this);
            stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
        }
        if (!RunFolder.IsAt(Folder) || !File.Exists(RunFolder.Open(Folder).EncoderPath))
        {
            string recipe = Path.Combine(folder, "recipes", name + ".json");
            Directory.CreateDirectory(Path.GetDirectoryName(recipe)!);
            AtomicFile.WriteText(recipe, options.ToJson());
            string[] resume = RunFolder.IsAt(Folder) ? ["--resume"] : [];
            string[] limit = options.Threads is null && !options.Deterministic ? ["--threads", $"{threads}"] : [];
            if (!await Call("training", ["pretrain", options.Images, "--recipe", recipe, "--out", Folder, .. limit, .. resume], threads, changed, stop).ConfigureAwait(false))
                return;
        }
        if (!await Call("evaluating", ["evaluate", Folder, .. evaluation], threads, changed, stop).ConfigureAwait(false))
            return;
        State = "done";
        changed(this);
    }

    /// <summary>Passes SIGTERM on. Ctrl-C reaches every process of a terminal without it.</summary>
    public void Stop()
    {
        try
        {
            if (_process is { HasExited: false } process && !OperatingSystem.IsWindows())
                _ = Kill(process.Id, Terminate);
        }
        catch (InvalidOperationException)
        {
            // It ended just now.
        }
    }

    private async Task<bool> Call(string what, string[] arguments, int threads, Action<SweepRun> changed, CancellationToken stop)
    {
        if (stop.IsCancellationRequested)
            return false;
        State = what;
        changed(this);
        _said.Clear();
        using Process process = Start(arguments, threads);
        _process = process;
        if (stop.IsCancellationRequested)
            Stop();
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        while (await process.StandardError.ReadLineAsync(CancellationToken.None).ConfigureAwait(false) is { } line)
        {
            if (line.StartsWith("step ", StringComparison.Ordinal))
            {
                State = line;
                changed(this);
            }
            else
            {
                _said.Add(line);
            }
        }
        await output.ConfigureAwait(false);
        await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        _process = null;
        if (process.ExitCode == Tool.Done)
            return true;
        bool isStopped = process.ExitCode == Tool.Interrupted || stop.IsCancellationRequested;
        State = isStopped ? "stopped" : "failed";
        // What was said and not where: a stack trace would crowd it out.
        Failure = isStopped ? null
            : process.ExitCode > FirstSignal ? $"The process was ended by signal {process.ExitCode - FirstSignal}{(process.ExitCode == FirstSignal + Kill9 ? ", often for want of memory" : "")}. The same command goes on from the last checkpoint."
            : string.Join(Environment.NewLine, _said.Where(line => !line.TrimStart().StartsWith("at ", StringComparison.Ordinal) && !line.TrimStart().StartsWith("frame #", StringComparison.Ordinal)).TakeLast(10));
        changed(this);
        return false;
    }

    // The tool itself: a program of its own, or a library that `dotnet` runs.
    private static Process Start(string[] arguments, int threads)
    {
        string self = Environment.ProcessPath!;
        string[] library = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [Path.Combine(AppContext.BaseDirectory, "Diptych.Cli.dll")] : [];
        var start = new ProcessStartInfo(self, [.. library, .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["OMP_NUM_THREADS"] = $"{threads}";
        return Process.Start(start)!;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
