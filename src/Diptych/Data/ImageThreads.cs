using System.Runtime.ExceptionServices;

namespace Diptych.Data;

/// <summary>Work on every image of a set by several threads.</summary>
internal static class ImageThreads
{
    /// <summary>Does the work once for every index. After a failure only those before it are still done.</summary>
    /// <typeparam name="T">What each thread works with.</typeparam>
    /// <param name="count">How many images.</param>
    /// <param name="workers">Threads at most, ≥ 1.</param>
    /// <param name="own">Makes what one thread works with.</param>
    /// <param name="work">Told the index; in no order.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="Exception">Of several failures the first image's, as it was thrown, so that the message does not depend on the threads.</exception>
    public static void ForEach<T>(int count, int workers, Func<T> own, Action<int, T> work, CancellationToken cancellation = default)
    {
        var gate = new Lock();
        (int Index, ExceptionDispatchInfo Fault)? first = null;
        Parallel.For(0, count, new() { MaxDegreeOfParallelism = workers, CancellationToken = cancellation }, own, (index, state, mine) =>
        {
            try
            {
                work(index, mine);
            }
            catch (Exception fault)
            {
                lock (gate)
                    if (first is null || index < first.Value.Index)
                        first = (index, ExceptionDispatchInfo.Capture(fault));
                state.Break();
            }
            return mine;
        }, _ => { });
        first?.Fault.Throw();
    }
}
