using static TorchSharp.torch;

namespace Diptych.Tests;

public sealed class TorchThreadsTests : IDisposable
{
    public void Dispose() => set_num_threads(1);

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 1)]
    [InlineData(2, 1000)]
    [InlineData(3, 2)]
    [InlineData(2, 0)]
    public void Every_piece_is_done_once(int threads, int count)
    {
        set_num_threads(threads);
        int[] done = new int[count];
        for (int round = 0; round < 20; round++)
            TorchThreads.ForEach(count, i => Interlocked.Increment(ref done[i]));
        Assert.All(done, times => Assert.Equal(20, times));
    }

    [Fact]
    public void Libtorchs_own_threads_do_it_on_Linux()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "libtorch brings libgomp on Linux only");
        TorchRuntime.Load();
        Assert.NotEqual(0, TorchRuntime.FindExport("GOMP_parallel"));
        Assert.Equal(0, TorchRuntime.FindExport("no_such_function"));
        set_num_threads(2);
        var names = new System.Collections.Concurrent.ConcurrentDictionary<int, bool>();
        using var both = new Barrier(2);
        TorchThreads.ForEach(2, _ =>
        {
            both.SignalAndWait(TimeSpan.FromSeconds(30)); // two threads have a piece each
            names[Environment.CurrentManagedThreadId] = Thread.CurrentThread.IsThreadPoolThread;
        });
        Assert.Equal(2, names.Count);
        Assert.Single(names, name => name.Key != Environment.CurrentManagedThreadId && !name.Value);
    }
}
