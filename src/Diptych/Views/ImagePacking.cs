using Diptych.Checkpoints;
using Diptych.Data;

namespace Diptych.Views;

/// <summary>Writes a source's images, made smaller, into one file that reads faster than the originals.</summary>
/// <remarks>A view cropped from a smaller image is not the same as from the original: figures of the two are not to be mixed.</remarks>
public static class ImagePacking
{
    private const int ChunkPerWorker = 8;

    /// <summary>Packs all images, in the source's order, with their names and labels. The file appears when it is whole.</summary>
    /// <param name="source">The images.</param>
    /// <param name="path">Where to; an existing file is replaced.</param>
    /// <param name="options">How to store them.</param>
    /// <param name="progress">Told how many images are done, in rising order.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>; no file is left.</param>
    /// <exception cref="InvalidInputException">The options are unusable, or a name is too long.</exception>
    /// <exception cref="UnreadableImageException">An image cannot be decoded; no file is left.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(IImageSource source, string path, PackingOptions options, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        PackedWriter.Check(Enumerable.Range(0, source.Count).Select(source.GetName).Concat(source.LabelNames ?? []));
        bool isRaw = options.Store == "raw";
        AtomicFile.Write(path, stream =>
        {
            var writer = new PackedWriter(stream, isRaw, options.Size);
            var workers = new ThreadLocal<Worker>(() => new Worker());
            var chunk = new (int Width, int Height, byte[] Bytes)[options.Workers * ChunkPerWorker];
            for (int start = 0; start < source.Count; start += chunk.Length)
            {
                cancellation.ThrowIfCancellationRequested();
                int count = Math.Min(chunk.Length, source.Count - start), first = start;
                ImageThreads.ForEach(count, options.Workers, () => workers.Value!, (i, worker) => chunk[i] = worker.Pack(source, first + i, options, isRaw));
                for (int i = 0; i < count; i++)
                    writer.Add(source.GetName(start + i), source.GetLabel(start + i), chunk[i].Width, chunk[i].Height, chunk[i].Bytes);
                progress?.Report(start + count);
            }
            writer.Finish(source.LabelNames);
        });
    }

    private sealed class Worker
    {
        private readonly ViewRenderer _renderer = new();
        private readonly ImageBuffer _decoded = new(), _smaller = new();

        public (int Width, int Height, byte[] Bytes) Pack(IImageSource source, int index, PackingOptions options, bool isRaw)
        {
            source.Decode(index, _decoded);
            ImageBuffer image = _decoded;
            int shorter = Math.Min(image.Width, image.Height);
            if (shorter > options.Size)
            {
                // As torchvision's Resize: the longer side truncated.
                long exact = (long)options.Size * Math.Max(image.Width, image.Height) / shorter;
                if (exact * options.Size > ImageDecoder.MaximumPixels)
                    throw Unreadable($"at {image.Width:N0} × {image.Height:N0} pixels it is too narrow: made {options.Size:N0} pixels wide it would have more than {ImageDecoder.MaximumPixels:N0}");
                int longer = (int)exact;
                _smaller.Resize(image.Width == shorter ? options.Size : longer, image.Width == shorter ? longer : options.Size);
                _renderer.Resize(image, _smaller.Pixels, _smaller.Width, _smaller.Height, ResizeFilter.Bilinear);
                image = _smaller;
            }
            if (!isRaw && Math.Max(image.Width, image.Height) > JpegFile.MaximumSide)
                throw Unreadable($"it has {image.Width:N0} × {image.Height:N0} pixels, and a JPEG at most {JpegFile.MaximumSide:N0} a side", "Remove it, or use --store raw, which has no such limit.");
            return (image.Width, image.Height, isRaw ? RawPixels.Pack(image.Pixels) : JpegFile.Encode(image.Pixels, image.Width, image.Height, options.Quality));

            UnreadableImageException Unreadable(string reason, string advice = "Remove it.") => new(source.GetName(index), index, source.Count, reason, advice);
        }
    }
}
