using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Diptych.Data;

namespace Diptych.Views;

/// <summary>One pass of worker threads over an order of images, through a ring of batches.</summary>
/// <remarks>
/// Workers take the next image, whatever batch it belongs to, and wait only while that batch's memory is still being read.
/// Which worker takes an image decides nothing: every view is a pure function of its image and of the pass.
/// </remarks>
internal sealed class LoaderPass : IDisposable
{
    /// <summary>How the worker threads' names begin.</summary>
    public const string ThreadName = "diptych-views";

    private readonly Slot[] _slots;
    private readonly DecodedImages _images;
    private readonly PassPlan _plan;
    private readonly Thread[] _threads;
    private readonly Lock _failureLock = new();
    private readonly object _gate = new();
    private long _nextPosition;
    private int _released;
    private volatile bool _isStopped;

    public LoaderPass(ViewBatch[] ring, DecodedImages images, PassPlan plan, int workers)
    {
        (_images, _plan) = (images, plan);
        _nextPosition = (long)plan.FirstStep * plan.BatchSize;
        _released = plan.FirstStep;
        _slots = Array.ConvertAll(ring, batch => new Slot(batch));
        for (int step = plan.FirstStep; step < Math.Min(plan.FirstStep + ring.Length, plan.Steps); step++)
            Start(step);
        _threads = new Thread[workers];
        for (int worker = 0; worker < workers; worker++)
        {
            _threads[worker] = new Thread(Work) { Name = $"{ThreadName}-{worker}", IsBackground = true };
            _threads[worker].Start();
        }
    }

    /// <summary>Waits for a batch, which stays as it is until <see cref="Release"/>.</summary>
    /// <param name="step">Steps are taken in order.</param>
    /// <param name="waitedTicks">Stopwatch ticks spent waiting.</param>
    public ViewBatch Take(int step, out long waitedTicks)
    {
        Slot slot = SlotOf(step);
        long start = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (Volatile.Read(ref slot.Missing) > 0 && !_isStopped)
                Monitor.Wait(_gate);
        }
        waitedTicks = Stopwatch.GetTimestamp() - start;
        ObjectDisposedException.ThrowIf(_isStopped, typeof(ViewLoader));
        slot.Failure?.Throw();
        return slot.Batch;
    }

    /// <summary>Gives the oldest batch's memory back to the workers.</summary>
    public void Release()
    {
        lock (_gate)
        {
            int next = _released + _slots.Length;
            if (next < _plan.Steps)
                Start(next);
            Volatile.Write(ref _released, _released + 1);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Ends the threads, each after the image it is at.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isStopped = true;
            Monitor.PulseAll(_gate);
        }
        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void Start(int step)
    {
        Slot slot = SlotOf(step);
        ReadOnlySpan<int> indices = _plan.IndicesOf(step);
        slot.Batch.Start(step, _plan.Views, indices);
        slot.Failure = null;
        Volatile.Write(ref slot.Missing, indices.Length);
    }

    private Slot SlotOf(int step) => _slots[step % _slots.Length];

    private void Work()
    {
        var renderer = new ViewRenderer();
        var scratch = new ImageBuffer();
        var needed = new NeededRegion(_plan, _images.Share);
        while (true)
        {
            long position = Interlocked.Increment(ref _nextPosition) - 1;
            if (position >= _plan.Images || !WaitForMemory((int)(position / _plan.BatchSize)))
                return;
            Slot slot = SlotOf((int)(position / _plan.BatchSize));
            int image = (int)(position % _plan.BatchSize);
            try
            {
                Fill(slot.Batch, image, renderer, scratch, needed);
            }
            catch (UnreadableImageException fault)
            {
                Fail(slot, image, fault);
            }
            catch (Exception fault) when (fault is InvalidInputException or IOException) // decoded, but of no use as a view, which no look at all images finds; or gone meanwhile
            {
                Fail(slot, image, _images.Unreadable(slot.Batch.Indices[image], fault, fault is IOException ? "Bring it back." : "Remove it."));
            }
            catch (Exception fault)
            {
                string message = $"{_images.NameOf(slot.Batch.Indices[image])}: {fault.Message}";
                Fail(slot, image, fault is OutOfMemoryException ? new InsufficientMemoryException(message, fault) : new InvalidOperationException(message, fault));
            }
            if (Interlocked.Decrement(ref slot.Missing) > 0)
                continue;
            lock (_gate)
                Monitor.PulseAll(_gate);
        }
    }

    private bool WaitForMemory(int step)
    {
        if (step >= Volatile.Read(ref _released) + _slots.Length && !_isStopped)
        {
            lock (_gate)
            {
                while (step >= _released + _slots.Length && !_isStopped)
                    Monitor.Wait(_gate);
            }
        }
        return !_isStopped;
    }

    private void Fill(ViewBatch batch, int image, ViewRenderer renderer, ImageBuffer scratch, NeededRegion needed)
    {
        int index = batch.Indices[image];
        needed.Image = index;
        ImageBuffer decoded = _images.Get(index, scratch, needed);
        for (int view = 0; view < _plan.Views; view++)
        {
            if (_plan.Epoch is { } epoch)
                renderer.RenderPacked(decoded, ViewDraw.For(_plan.Recipe, decoded.Width, decoded.Height, _plan.Seed, epoch, index, view), _plan.Recipe, batch.ViewOf(image, view));
            else
                renderer.RenderWhole(decoded, _plan.Recipe, batch.ViewOf(image, view));
        }
    }

    // Of several failures in a batch the first image's is told, so that the message does not depend on the threads.
    private void Fail(Slot slot, int image, Exception failure)
    {
        lock (_failureLock)
        {
            if (slot.Failure is null || image < slot.FailedImage)
                (slot.Failure, slot.FailedImage) = (ExceptionDispatchInfo.Capture(failure), image);
        }
    }

    private sealed class Slot(ViewBatch batch)
    {
        public readonly ViewBatch Batch = batch;
        public ExceptionDispatchInfo? Failure;
        public int FailedImage;
        public int Missing;
    }
}
