using System.Diagnostics;
using Diptych.Data;

namespace Diptych.Views;

/// <summary>Reads a source as batches of views, made ahead by threads of its own.</summary>
/// <remarks>The batches are the same bytes for any number of workers, and wherever an epoch is entered.</remarks>
public sealed class ViewLoader : IDisposable
{
    private readonly IImageSource _source;
    private readonly ViewRecipe _recipe;
    private readonly ViewLoaderOptions _options;
    private readonly DecodedImages _images;
    private ViewBatch[]? _ring;
    private LoaderPass? _pass;
    private long _waitedTicks;
    private bool _isDisposed;

    /// <summary>Creates a loader; memory is taken and threads start with the first batch.</summary>
    /// <param name="source">The images; stays the caller's to dispose, after the loader.</param>
    /// <param name="recipe">What a view looks like.</param>
    /// <param name="options">How to work.</param>
    /// <exception cref="InvalidInputException">The recipe or the options are unusable.</exception>
    public ViewLoader(IImageSource source, ViewRecipe recipe, ViewLoaderOptions options)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(options);
        recipe.Validate();
        options.Validate();
        ViewBatch.Check(options.BatchSize, options.Views, recipe);
        (_source, _recipe, _options) = (source, recipe, options);
        _images = new DecodedImages(source, options.KeepDecoded);
    }

    /// <summary>Seconds that the reader has waited for batches since the loader was made; for metrics only.</summary>
    public double WaitSeconds => (double)Volatile.Read(ref _waitedTicks) / Stopwatch.Frequency;

    /// <summary>Reads random views of the images in this order.</summary>
    /// <param name="epoch">Epoch, 0-based; decides the draws.</param>
    /// <param name="order">Indices of the images; batch b has those from b · BatchSize. Not to be changed while reading.</param>
    /// <param name="firstStep">The batch to begin with: the rest of the epoch is the same as if read from its start.</param>
    /// <exception cref="ArgumentException">An index is not in the source, or the first step is negative.</exception>
    /// <exception cref="UnreadableImageException">While reading: an image of the batch about to be given cannot be decoded.</exception>
    /// <exception cref="InvalidOperationException">While reading: another reading of this loader is not finished.</exception>
    public IEnumerable<ViewBatch> ReadEpoch(int epoch, ReadOnlyMemory<int> order, int firstStep = 0)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(firstStep);
        CheckIndices(order.Span, nameof(order));
        int full = order.Length / _options.BatchSize;
        int steps = _options.DropLast || full * _options.BatchSize == order.Length ? full : full + 1;
        return Read(new PassPlan(_recipe, order, _options.BatchSize, steps, firstStep, _options.Views, _options.Seed, epoch));
    }

    /// <summary>Reads one view of each image without chance, as evaluation needs it; the last batch may be short.</summary>
    /// <param name="indices">Which images, in which order; null for all of the source.</param>
    /// <exception cref="ArgumentException">An index is not in the source.</exception>
    /// <exception cref="UnreadableImageException">While reading: an image of the batch about to be given cannot be decoded.</exception>
    /// <exception cref="InvalidOperationException">While reading: another reading of this loader is not finished.</exception>
    public IEnumerable<ViewBatch> ReadWhole(IReadOnlyList<int>? indices = null)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        int[] order = [.. indices ?? Enumerable.Range(0, _source.Count)];
        CheckIndices(order, nameof(indices));
        int steps = (order.Length + _options.BatchSize - 1) / _options.BatchSize;
        return Read(new PassPlan(_recipe, order, _options.BatchSize, steps, 0, 1, _options.Seed, null));
    }

    /// <summary>Ends the threads of a reading that is not finished.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _pass?.Dispose();
    }

    private IEnumerable<ViewBatch> Read(PassPlan plan)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_pass is not null)
            throw new InvalidOperationException("This loader is already being read. Finish or dispose that reading first, or use a second loader.");
        if (plan.FirstStep >= plan.Steps)
            yield break;
        _ring ??= CreateRing();
        var pass = new LoaderPass(_ring, _images, plan, _options.Workers);
        _pass = pass;
        try
        {
            for (int step = plan.FirstStep; step < plan.Steps; step++)
            {
                ViewBatch batch = pass.Take(step, out long waitedTicks);
                Volatile.Write(ref _waitedTicks, _waitedTicks + waitedTicks);
                yield return batch;
                pass.Release();
            }
        }
        finally
        {
            pass.Dispose();
            _pass = null;
        }
    }

    private ViewBatch[] CreateRing()
    {
        var ring = new ViewBatch[_options.Prefetch];
        for (int slot = 0; slot < ring.Length; slot++)
            ring[slot] = new ViewBatch(_options.BatchSize, _options.Views, _recipe);
        return ring;
    }

    private void CheckIndices(ReadOnlySpan<int> indices, string argument)
    {
        foreach (int index in indices)
        {
            if ((uint)index >= (uint)_source.Count)
                throw new ArgumentException($"Image {index:N0} does not exist: {_source.Description} has images 0 to {_source.Count - 1:N0}.", argument);
        }
    }
}
