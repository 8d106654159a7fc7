using Diptych.Data;

namespace Diptych.Cli;

/// <summary>Images that a command line names, without those that cannot be read where that was asked for.</summary>
internal static class ReadableImages
{
    /// <summary>Opens them, and says on stderr what is left out.</summary>
    /// <param name="path">Any image set.</param>
    /// <param name="applyOrientation">Whether photographs are turned as their EXIF orientation says.</param>
    /// <param name="skipUnreadable">Whether to look at every image first and leave out those that cannot be read.</param>
    /// <param name="workers">Threads that look.</param>
    public static IImageSource Open(string path, bool applyOrientation, bool skipUnreadable, int workers)
    {
        IImageSource source = ImageSource.Open(path, applyOrientation);
        return skipUnreadable ? Keep(source, ReadabilityCheck.FindUnreadable(source, workers)) : source;
    }

    /// <summary>Leaves out what was found, and says so.</summary>
    public static IImageSource Keep(IImageSource source, IReadOnlyList<UnreadableImage> unreadable)
    {
        foreach (UnreadableImage image in unreadable)
            Console.Error.WriteLine($"Left out: {image.Name}: {image.Reason}");
        return ReadabilityCheck.KeepReadable(source, unreadable);
    }
}
