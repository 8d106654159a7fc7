using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Diptych;

/// <summary>Runs work on the threads that libtorch computes with.</summary>
/// <remarks>
/// Those have just computed what comes before and are awake; threads of .NET's pool would have to be woken for every pass, which takes as long as a small pass,
/// and would share cores with libtorch's, which wait actively for a while. On Linux libtorch's threads are libgomp's; where no library of libtorch has its interface, the pool does the work.
/// </remarks>
internal static unsafe class TorchThreads
{
    // libgomp's own interface, which every program that GCC compiled with OpenMP calls: function, its argument, threads, flags.
    private static readonly delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void> Team = Find();

    /// <summary>Does each piece once, in any order, on as many threads as libtorch has.</summary>
    /// <param name="count">Number of pieces.</param>
    /// <param name="work">Does a piece; must not throw.</param>
    public static void ForEach(int count, Action<int> work)
    {
        int threads = get_num_threads();
        if (threads <= 1 || count <= 1)
        {
            for (int i = 0; i < count; i++)
                work(i);
        }
        else if (Team is null)
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, work);
        }
        else
        {
            var pieces = GCHandle.Alloc(new Pieces(count, work));
            Team(&Take, (void*)GCHandle.ToIntPtr(pieces), (uint)threads, 0); // all of them, however few pieces: libgomp would build a smaller team anew
            pieces.Free();
        }
    }

    [UnmanagedCallersOnly]
    private static void Take(void* pieces) => ((Pieces)GCHandle.FromIntPtr((nint)pieces).Target!).Take();

    private static delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void> Find()
    {
        TorchRuntime.Load();
        return (delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void>)TorchRuntime.FindExport("GOMP_parallel");
    }

    private sealed class Pieces(int count, Action<int> work)
    {
        private int _next;

        public void Take()
        {
            for (int i = Interlocked.Increment(ref _next) - 1; i < count; i = Interlocked.Increment(ref _next) - 1)
                work(i);
        }
    }
}
