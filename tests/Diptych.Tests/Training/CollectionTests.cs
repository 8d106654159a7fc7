using Diptych.Data;
using Diptych.Training;

namespace Diptych.Tests.Training;

/// <summary>Numbers that are handed to native code outlive the call, whenever garbage is collected.</summary>
public sealed class CollectionTests
{
    // With numbers that nothing holds, each of these failed within a second: "argument alpha must not be a floating point number", "Expected false to be true".
    [Theory]
    [InlineData("infonce", "simclr")]
    [InlineData("dclw", "moco")]
    public void A_run_ends_with_the_same_bits_while_another_thread_collects_garbage(string loss, string method)
    {
        using var folder = new TemporaryFolder();
        using var tiles = new ImageSubset(ImageSource.Open(Repository.Sample("test.tar")), Enumerable.Range(0, 40).Select(i => i * 11), ownsSource: true);
        PretrainOptions options = new()
        {
            Images = "tiles", Views = "satellite", ImageSize = 8, Width = 4, Encoder = "resnet10", Batch = 4, Epochs = 20, Threads = 1, Device = "cpu", Loss = loss, Method = method,
            Queue = method == "moco" ? 12 : null, Hardness = method == "simclr" ? 0 : 0.5,
        };
        byte[] expected = Train("calm");
        bool isOver = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                GC.Collect(0);
                Thread.SpinWait(3000); // or the run would hardly get on
            }
        });
        collector.Start();
        try
        {
            Assert.Equal(expected, Train("collected"));
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            collector.Join();
        }

        byte[] Train(string name)
        {
            RunFolder run = RunFolder.Create(folder.File(name), options);
            Assert.True(new Pretraining(options, tiles, run, new Observer()).Run(false, CancellationToken.None));
            return File.ReadAllBytes(run.EncoderPath);
        }
    }
}
