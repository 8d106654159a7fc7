using System.Collections.Concurrent;

namespace Diptych.Data;

/// <summary>Decodes every image once before training, so that a bad one is known at the start and not after hours.</summary>
public static class ReadabilityCheck
{
    private const int Named = 5, ProgressEvery = 64, MostBad = 100; // one image in so many

    /// <summary>Decodes all images and lists those that cannot be.</summary>
    /// <param name="source">The images.</param>
    /// <param name="workers">Threads that decode, ≥ 1.</param>
    /// <param name="progress">Told how many images are done, in rising order, every 64 images and at the end; from the workers' threads, one at a time.</param>
    /// <param name="cancellation">Stops the check with <see cref="OperationCanceledException"/>.</param>
    /// <returns>The unreadable images by index; empty where all can be read.</returns>
    public static IReadOnlyList<UnreadableImage> FindUnreadable(
        IImageSource source, int workers, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        var unreadable = new ConcurrentBag<UnreadableImage>();
        var gate = new Lock();
        int done = 0;
        ImageThreads.ForEach(source.Count, workers, () => new ImageBuffer(), (index, buffer) =>
        {
            try
            {
                source.Decode(index, buffer);
            }
            catch (UnreadableImageException fault)
            {
                unreadable.Add(new(index, fault.Name, fault.Reason));
            }
            lock (gate)
                if (++done % ProgressEvery == 0 || done == source.Count)
                    progress?.Report(done);
        }, cancellation);
        return unreadable.OrderBy(image => image.Index).ToArray();
    }

    /// <summary>Stops where there are unreadable images, naming the first few.</summary>
    /// <exception cref="InvalidInputException">There is at least one.</exception>
    public static void ThrowIfAny(IImageSource source, IReadOnlyList<UnreadableImage> unreadable)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(unreadable);
        if (unreadable.Count == 0)
            return;
        if (unreadable is [var only])
            throw new UnreadableImageException(only.Name, only.Index, source.Count, only.Reason);
        throw new InvalidInputException(
            $"{unreadable.Count:N0} of {source.Count:N0} images in {source.Description} cannot be read:\n" +
            List(unreadable) + (IsTooMany(source, unreadable) ? "\nRemove them, or see what they have in common; --skip-unreadable leaves out 1 % at most." : "\nRemove them, or pass --skip-unreadable."));
    }

    /// <summary>The source without its unreadable images; the source itself where there are none.</summary>
    /// <remarks>Where more than one image in a hundred is bad, something other than single files is wrong: a copy that broke off, a format that is not read. One bad image may always be left out.</remarks>
    /// <param name="source">The images; disposed with what is returned.</param>
    /// <param name="unreadable">What <see cref="FindUnreadable"/> found in it.</param>
    /// <exception cref="InvalidInputException">More than one image, and more than 1 %, would be left out, or none would be left.</exception>
    public static IImageSource KeepReadable(IImageSource source, IReadOnlyList<UnreadableImage> unreadable)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(unreadable);
        if (unreadable.Count == 0)
            return source;
        if (unreadable.Count == source.Count)
            throw new InvalidInputException($"None of the {source.Count:N0} images in {source.Description} can be read:\n{List(unreadable)}\nName other images.");
        if (IsTooMany(source, unreadable))
            throw new InvalidInputException(
                $"{unreadable.Count:N0} of {source.Count:N0} images in {source.Description} cannot be read, more than the 1 % that --skip-unreadable leaves out:\n{List(unreadable)}\nRemove them, or see what they have in common.");
        var bad = unreadable.Select(image => image.Index).ToHashSet();
        return new ImageSubset(source, Enumerable.Range(0, source.Count).Where(index => !bad.Contains(index)), ownsSource: true);
    }

    private static bool IsTooMany(IImageSource source, IReadOnlyList<UnreadableImage> unreadable) => unreadable.Count > 1 && unreadable.Count > source.Count / MostBad;

    private static string List(IReadOnlyList<UnreadableImage> unreadable) =>
        string.Join('\n', unreadable.Take(Named).Select(image => $"  {image.Name}: {image.Reason}"))
        + (unreadable.Count > Named ? $"\n  and {unreadable.Count - Named:N0} more" : "");
}
