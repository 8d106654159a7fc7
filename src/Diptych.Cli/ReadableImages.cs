using System.CommandLine;
using Diptych.Data;
using Diptych.Training;

namespace Diptych.Cli;

/// <summary>Images that a command line names, without those that cannot be read where that was asked for.</summary>
internal static class ReadableImages
{
    private const int Named = 20;

    /// <summary>The option that asks for it.</summary>
    public static Option<bool> SkipOption() => new("--skip-unreadable") { Description = "Leave out images that cannot be read, one or up to 1 % of them, instead of stopping" };

    /// <summary>The option that turns photographs as the camera was held.</summary>
    /// <param name="usual">What holds without it, in brackets.</param>
    public static Option<bool> OrientationOption(string usual = "") => new("--exif-orientation") { Description = $"Turn photographs as their EXIF orientation says{usual}" };

    /// <summary>The same for an encoder that was trained already.</summary>
    public static Option<bool> OrientationOfRunOption() => OrientationOption(" [as for the run's training]");

    /// <summary>Whether a run's photographs were turned so: those that its encoder sees must be too.</summary>
    /// <param name="runOrFile">A run folder, or an encoder's file, which does not tell.</param>
    public static bool AreTurnedIn(string runOrFile) => RunFolder.IsAt(runOrFile) && RunFolder.Open(runOrFile).ReadOptions().ExifOrientation;

    /// <summary>Opens them, and says on stderr what is left out.</summary>
    /// <param name="path">Any image set.</param>
    /// <param name="applyOrientation">Whether photographs are turned as their EXIF orientation says.</param>
    /// <param name="skipUnreadable">Whether to look at every image first and leave out those that cannot be read.</param>
    public static IImageSource Open(string path, bool applyOrientation, bool skipUnreadable)
    {
        IImageSource source = ImageSource.Open(path, applyOrientation);
        if (source.LeftOut is { } others)
            Console.Error.WriteLine($"Left out of {path}, since their names are not those of images: {others}");
        return skipUnreadable ? Keep(source, FindUnreadable(source)) : source;
    }

    /// <summary>Looks at every image, and says on stderr how far it is where that takes more than a moment.</summary>
    public static IReadOnlyList<UnreadableImage> FindUnreadable(IImageSource source) =>
        ReadabilityCheck.FindUnreadable(source, Environment.ProcessorCount, new ProgressLines(source.Count) { What = "images looked at", Patience = TimeSpan.FromSeconds(5) });

    /// <summary>Leaves out what was found, and says so.</summary>
    public static IImageSource Keep(IImageSource source, IReadOnlyList<UnreadableImage> unreadable)
    {
        IImageSource readable = ReadabilityCheck.KeepReadable(source, unreadable);
        foreach (string line in Describe(unreadable).Take(Named))
            Console.Error.WriteLine(line);
        if (unreadable.Count > Named)
            Console.Error.WriteLine($"and {unreadable.Count - Named:N0} more.");
        return readable;
    }

    /// <summary>A line for each image that is left out.</summary>
    public static IEnumerable<string> Describe(IEnumerable<UnreadableImage> unreadable) => unreadable.Select(image => $"Left out: {image.Name}: {image.Reason}");
}
