using Diptych.Checkpoints;
using Diptych.Data;
using Diptych.Views;

namespace Diptych.Training;

/// <summary>The folder of one run: settings, metrics, checkpoints, encoder.</summary>
public sealed class RunFolder
{
    private RunFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The settings in effect.</summary>
    public string RecipePath => System.IO.Path.Combine(Path, "recipe.json");

    /// <summary>How its views are drawn: a file that <c>--views</c> takes.</summary>
    public string ViewRecipePath => System.IO.Path.Combine(Path, "view-recipe.json");

    /// <summary>One JSON line for each step.</summary>
    public string MetricsPath => System.IO.Path.Combine(Path, "metrics.jsonl");

    /// <summary>What was said while it ran.</summary>
    public string LogPath => System.IO.Path.Combine(Path, "log.txt");

    /// <summary>The trained encoder; there once the run is finished.</summary>
    public string EncoderPath => System.IO.Path.Combine(Path, "encoder.safetensors");

    /// <summary>What the encoder's last evaluation found: where its result is written to, so that reports and comparisons have it.</summary>
    public string EvaluationPath => System.IO.Path.Combine(Path, "evaluation.json");

    private string LockPath => System.IO.Path.Combine(Path, "run.lock");

    /// <summary>The checkpoints.</summary>
    public CheckpointFolder Checkpoints => new(System.IO.Path.Combine(Path, "checkpoints"));

    /// <summary>Makes a new run folder and writes its settings.</summary>
    /// <param name="path">A folder that does not exist yet, is empty, or holds a run that ended before its first step.</param>
    /// <param name="options">The settings.</param>
    /// <exception cref="InvalidInputException">The folder holds something already, or another process works in it.</exception>
    public static RunFolder Create(string path, PretrainOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        CheckNew(path);
        var folder = new RunFolder(path);
        try
        {
            Directory.CreateDirectory(path);
            using IDisposable held = folder.Lock(); // a run before its first step may be going on here
            File.Delete(folder.ViewRecipePath); // of a run that ended before its first step
            AtomicFile.WriteText(folder.RecipePath, options.ToJson());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The run folder {path} cannot be written: {exception.Message} Choose another --out.", exception);
        }
        return folder;
    }

    /// <summary>Checks that a new run may be made in a folder.</summary>
    /// <param name="path">As for <see cref="Create"/>.</param>
    /// <exception cref="InvalidInputException">The folder holds something already.</exception>
    public static void CheckNew(string path)
    {
        if (File.Exists(path))
            throw new InvalidInputException($"{path} is a file; a run needs a folder. Choose another --out.");
        if (!Directory.Exists(path))
            return;
        var folder = new RunFolder(path);
        string[] ofNoStep = [folder.RecipePath, folder.ViewRecipePath, folder.LogPath, folder.LockPath, .. new FileInfo(folder.MetricsPath) is { Exists: true, Length: 0 } ? [folder.MetricsPath] : (string[])[]];
        if (Directory.EnumerateFileSystemEntries(path).Any(entry => !AtomicFile.IsUnfinished(entry) && !ofNoStep.Contains(entry)))
            throw new InvalidInputException($"{path} holds files already. Pass --resume to go on with that run, or choose another --out.");
    }

    /// <summary>Checks that a run that was just made here is still the one to begin.</summary>
    /// <param name="options">What it was made with.</param>
    /// <exception cref="InvalidInputException">It was begun already, or another process made its own here meanwhile.</exception>
    public void CheckUntouched(PretrainOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Checkpoints.List().Count > 0)
            throw new InvalidInputException($"{Path} holds checkpoints already. Resume the run, or choose another folder.");
        CheckSettings(options);
    }

    /// <summary>Checks that the run was started with these settings.</summary>
    /// <remarks>Images may have moved, and paths be named from another folder: where there are none at the old place, the images' names in the checkpoint tell, and the views that the run keeps tell themselves.</remarks>
    /// <param name="options">The settings.</param>
    /// <exception cref="InvalidInputException">It was started with others; all differences are named.</exception>
    public void CheckSettings(PretrainOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        PretrainOptions saved = ReadOptions();
        if (Checkpoints.ImagesOfNewest() is not null && (!ImageSource.IsThere(saved.Images) || RealPath.Of(saved.Images) == RealPath.Of(options.Images)))
            saved = saved with { Images = options.Images };
        if (File.Exists(ViewRecipePath))
            saved = saved with { Views = options.Views };
        IReadOnlyList<string> differences = options.DifferencesFrom(saved);
        if (differences.Count > 0)
            throw new InvalidInputException($"The run in {Path} was started with other settings:{Environment.NewLine}{string.Join(Environment.NewLine, differences)}{Environment.NewLine}Leave them out to go on with it, or choose another --out.");
    }

    /// <summary>Writes where the run's images are, if that is another place than before.</summary>
    /// <param name="images">The images' path; an empty one changes nothing.</param>
    /// <exception cref="InvalidInputException">The folder cannot be written.</exception>
    public void KeepImages(string images)
    {
        PretrainOptions options = ReadOptions();
        if (string.IsNullOrEmpty(images) || options.Images == images)
            return;
        try
        {
            AtomicFile.WriteText(RecipePath, (options with { Images = images }).ToJson());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The run folder {Path} cannot be written: {exception.Message}", exception);
        }
    }

    /// <summary>Whether a path is a run folder.</summary>
    /// <param name="path">The path.</param>
    public static bool IsAt(string path) => File.Exists(new RunFolder(path).RecipePath);

    /// <summary>The encoder's file, of a run or named itself.</summary>
    /// <param name="runOrFile">A run folder, or an encoder's file.</param>
    /// <exception cref="InvalidInputException">There is neither, or the run is not finished.</exception>
    public static string EncoderOf(string runOrFile) => File.Exists(runOrFile) ? runOrFile : Open(runOrFile).FinishedEncoder();

    /// <summary>The encoder's file.</summary>
    /// <exception cref="InvalidInputException">The run is not finished.</exception>
    public string FinishedEncoder() => File.Exists(EncoderPath) ? EncoderPath
        : throw new InvalidInputException($"The run in {Path} is not finished: it holds no encoder.safetensors. Go on with: {ResumeCommand(ReadOptions())}");

    /// <summary>The command that goes on with the run.</summary>
    /// <param name="options">Its settings.</param>
    public string ResumeCommand(PretrainOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return $"diptych pretrain {Quoted(options.Images)} --out {Quoted(Path)} --resume";
    }

    /// <summary>A path as a shell takes it.</summary>
    internal static string Quoted(string path) => path.Any(letter => !char.IsLetterOrDigit(letter) && !@"/\._-+:,=@~".Contains(letter, StringComparison.Ordinal)) ? $"\"{path}\"" : path;

    /// <summary>Opens an existing run folder.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="InvalidInputException">It is not a run folder.</exception>
    public static RunFolder Open(string path)
    {
        var folder = new RunFolder(path);
        if (!Directory.Exists(path))
            throw new InvalidInputException($"There is no run folder {path}. `diptych pretrain IMAGES --out {path}` makes one.");
        if (!IsAt(path))
            throw new InvalidInputException($"{path} is not a run folder: it holds no recipe.json. Name a folder that `diptych pretrain` wrote.");
        return folder;
    }

    /// <summary>Writes how the run's views are drawn; where that is written already, checks that it is still the same.</summary>
    /// <param name="recipe">The recipe in effect.</param>
    /// <exception cref="InvalidInputException">The run began with another recipe, or the folder cannot be written.</exception>
    public void KeepViews(ViewRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        if (!File.Exists(ViewRecipePath))
        {
            try
            {
                AtomicFile.WriteText(ViewRecipePath, recipe.ToJson());
                return;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new InvalidInputException($"The run folder {Path} cannot be written: {exception.Message}", exception);
            }
        }
        IReadOnlyList<string> differences = recipe.DifferencesFrom(ViewRecipe.Named(ViewRecipePath));
        if (differences.Count > 0)
            throw new InvalidInputException($"The views {recipe.Name} are not what they were when the run in {Path} began:{Environment.NewLine}{string.Join(Environment.NewLine, differences)}{Environment.NewLine}The old ones are {ViewRecipePath}: bring them back to go on, or choose another --out.");
    }

    /// <summary>Keeps other processes from writing here until it is disposed, or the process ends in whatever way.</summary>
    /// <exception cref="InvalidInputException">Another process is writing here.</exception>
    public IDisposable Lock()
    {
        string path = LockPath;
        try
        {
            // The operating system takes the lock back with the process, so that none is ever stale.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (IsHeldElsewhere(exception))
        {
            throw new InvalidInputException($"Another process works in the run folder {Path}: it holds {path}. Wait until it ends, or choose another --out.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The run folder {Path} cannot be written: {exception.Message} Give yourself the right to, or choose another --out.", exception);
        }
    }

    /// <summary>Whether another process is writing here.</summary>
    public bool IsHeld
    {
        get
        {
            try
            {
                Lock().Dispose();
                return false;
            }
            catch (InvalidInputException exception)
            {
                return IsHeldElsewhere(exception.InnerException); // or the folder cannot be written
            }
        }
    }

    // EAGAIN on Linux and macOS, a sharing violation on Windows.
    private static bool IsHeldElsewhere(Exception? exception) => exception is IOException { HResult: 11 or 35 or unchecked((int)0x80070020) };

    /// <summary>The settings the run was started with.</summary>
    /// <exception cref="InvalidInputException">They cannot be read.</exception>
    public PretrainOptions ReadOptions() => Recipe.Read(RecipePath).Options;
}
