using System.Globalization;
using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Training;
using Spectre.Console;

namespace Diptych.Cli;

/// <summary>Trains and shows it: a bar on a terminal, plain lines elsewhere, always on stderr. Ctrl-C and SIGTERM end the run after a checkpoint.</summary>
internal static class PretrainDisplay
{
    // Columns of a terminal in which everything fits on one line.
    private const int Wide = 130;

    /// <returns>True when the run is finished, false when it was interrupted.</returns>
    public static bool Train(PretrainOptions options, IImageSource source, RunFolder folder, bool isResumed, OnlineAccuracy? accuracy = null)
    {
        using var signals = new StopSignals();
        bool Work(IPretrainObserver observer) => new Pretraining(options, source, folder, observer, accuracy is null ? null : accuracy.Measure).Run(isResumed, signals.Token);
        Console.Error.WriteLine($"{options.Method} with {options.Loss} on {source.Count:N0} images of {options.Images}: {options.Encoder}, width {options.Width}, batch {options.Batch}, {options.Epochs} epochs, on {options.FindDevice()}");
        bool isFinished = Console.IsErrorRedirected ? Work(new Lines()) : OnTerminal(Work);
        Console.Error.WriteLine(isFinished
            ? $"Finished. The encoder is {folder.EncoderPath}"
            : $"Interrupted{(folder.Checkpoints.List().Count > 0 ? ". A checkpoint was written; go on" : " before the first step; begin again")} with: {folder.ResumeCommand(options)}");
        return isFinished;
    }

    private static bool OnTerminal(Func<IPretrainObserver, bool> work)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress().AutoClear(false)
            .Columns(console.Profile.Width < Wide
                ? [new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }]
                : [new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new RemainingTimeColumn()])
            .Start(context => work(new Bar(context, console, console.Profile.Width < Wide)));
    }

    private static string Describe(StepMetrics step, int total, double? accuracy) => string.Create(CultureInfo.InvariantCulture,
        $"step {step.Step}/{total}  epoch {step.Epoch + 1}  loss {step.Loss:F3}  q {step.QMean:F3}  {step.ImagesPerSecond:F0} images/s  data wait {step.DataWait:P0}{(accuracy is null ? "" : $"  accuracy {100 * accuracy:F1} %")}");

    private static string Shortly(StepMetrics step, int total, double? accuracy, TimeSpan? left) => string.Create(CultureInfo.InvariantCulture,
        $"{step.Step}/{total}  loss {step.Loss:F2}  q {step.QMean:F2}  {step.ImagesPerSecond:F0}/s{(accuracy is null ? "" : $"  {100 * accuracy:F1} %")}{(left is { } time ? $"  {(long)time.TotalHours}:{time:mm\\:ss}" : "")}");

    private sealed class Lines : IPretrainObserver
    {
        private const int LineCount = 20;
        private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);
        private int _total, _next;
        private TimeSpan _last;
        private double? _accuracy;
        private System.Diagnostics.Stopwatch _clock = new();
        private int _first;

        public void OnStart(int firstStep, int totalSteps)
        {
            (_first, _total, _next) = (firstStep, totalSteps, firstStep + 1);
            _clock = System.Diagnostics.Stopwatch.StartNew();
        }

        public void OnStep(StepMetrics metrics)
        {
            _accuracy = metrics.OnlineAccuracy ?? _accuracy;
            if (metrics.Step < _next && metrics.Step < _total && _clock.Elapsed - _last < Longest)
                return;
            _last = _clock.Elapsed;
            _next = metrics.Step + Math.Max(1, _total / LineCount);
            TimeSpan left = _clock.Elapsed / (metrics.Step - _first) * (_total - metrics.Step);
            Console.Error.WriteLine($@"{Describe(metrics, _total, _accuracy)}  {(long)left.TotalHours}:{left:mm\:ss} left");
        }

        public void OnMessage(string message) => Console.Error.WriteLine(message);
    }

    private sealed class Bar(ProgressContext context, IAnsiConsole console, bool isNarrow) : IPretrainObserver
    {
        private ProgressTask? _task;
        private double? _accuracy;

        public void OnStart(int firstStep, int totalSteps)
        {
            _task = context.AddTask("starting", maxValue: totalSteps);
            _task.Value = firstStep;
        }

        public void OnStep(StepMetrics metrics)
        {
            _task!.Value = metrics.Step;
            _accuracy = metrics.OnlineAccuracy ?? _accuracy;
            _task.Description = Markup.Escape(isNarrow ? Shortly(metrics, (int)_task.MaxValue, _accuracy, _task.RemainingTime) : Describe(metrics, (int)_task.MaxValue, _accuracy));
        }

        public void OnMessage(string message) => console.Write(new Text(message + Environment.NewLine));
    }
}
