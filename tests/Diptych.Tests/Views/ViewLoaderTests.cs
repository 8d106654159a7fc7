using System.Security.Cryptography;
using Diptych.Data;
using Diptych.Views;

namespace Diptych.Tests.Views;

public sealed class ViewLoaderTests
{
    private static readonly ViewRecipe Recipe = ViewRecipe.Named("satellite", size: 16) with { BlurProbability = 0.5 };
    private static readonly int[] Order = [.. Enumerable.Range(0, 50).Select(i => i * 37 % 53)];

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Any_number_of_workers_gives_the_same_bytes(int workers)
    {
        string[] expected = Read(new ViewLoaderOptions { BatchSize = 8, Workers = 1, Seed = 4 });
        Assert.Equal(6, expected.Length);
        Assert.Equal(expected, Read(new ViewLoaderOptions { BatchSize = 8, Workers = workers, Seed = 4 }));
        Assert.Equal(expected, Read(new ViewLoaderOptions { BatchSize = 8, Workers = workers, Seed = 4, Prefetch = 2 }));
    }

    [Fact]
    public void A_batch_that_no_array_holds_is_refused()
    {
        using var source = new PixelSource(3);
        Assert.Equal(
            "A batch of 8,192 images in 2 views of 224 × 224 pixels takes 2,466,250,752 bytes; the limit is 2,147,483,591. Use a smaller --batch (--accumulate makes up for it in part) or a smaller --image-size.",
            Assert.Throws<InvalidInputException>(() => new ViewLoader(source, ViewRecipe.Named("imagenet"), new ViewLoaderOptions { BatchSize = 8192 })).Message);
    }

    [Fact]
    public void An_image_too_narrow_to_be_shown_whole_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.Write("strip.png", new Data.Picture(1, 10, 60_000).Png()));
        using var loader = new ViewLoader(source, ViewRecipe.Named("imagenet"), new ViewLoaderOptions { BatchSize = 1, Views = 1 });
        Assert.StartsWith(
            "strip.png (1 of 1) is not a readable image: at 10 × 60,000 pixels it is too narrow to be shown whole: with its shorter side made 256 pixels it would have more than 268,435,456.",
            Assert.Throws<UnreadableImageException>(() => loader.ReadWhole([0]).Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Seed_and_epoch_change_every_batch()
    {
        string[] first = Read(new ViewLoaderOptions { BatchSize = 8 });
        Assert.Empty(first.Intersect(Read(new ViewLoaderOptions { BatchSize = 8 }, epoch: 1)));
        Assert.Empty(first.Intersect(Read(new ViewLoaderOptions { BatchSize = 8, Seed = 1 })));
    }

    [Fact]
    public void An_epoch_entered_later_gives_the_rest_of_the_whole_epoch()
    {
        var options = new ViewLoaderOptions { BatchSize = 8, Workers = 2, DropLast = false };
        string[] whole = Read(options);
        for (int firstStep = 0; firstStep <= 8; firstStep++)
            Assert.Equal(whole.Skip(firstStep), Read(options, firstStep: firstStep));
    }

    [Fact]
    public void Keeping_decoded_images_decodes_each_once_and_changes_no_byte()
    {
        var options = new ViewLoaderOptions { BatchSize = 8, DropLast = false };
        using var source = new PixelSource(53);
        using var loader = new ViewLoader(source, Recipe, options);
        string[] first = Hashes(loader.ReadEpoch(0, Order)), second = Hashes(loader.ReadEpoch(1, Order));
        Assert.Equal(50, source.Decoded);
        Assert.Equal(Read(options with { KeepDecoded = 0 }), first);
        Assert.Equal(Read(options with { KeepDecoded = 0 }, epoch: 1), second);
        // A limit that only the smaller images' share meets.
        Assert.Equal(first, Read(options with { KeepDecoded = 53 * 4 * 30 * 30 }));
    }

    [Fact]
    public void Views_lie_view_by_view_and_a_short_last_batch_is_packed()
    {
        using var source = new PixelSource(53);
        using var loader = new ViewLoader(source, Recipe, new ViewLoaderOptions { BatchSize = 8, DropLast = false, Seed = 9 });
        var renderer = new ViewRenderer();
        var decoded = new ImageBuffer();
        int step = 0;
        foreach (ViewBatch batch in loader.ReadEpoch(3, Order))
        {
            Assert.Equal(step, batch.Step);
            Assert.Equal(step == 6 ? 2 : 8, batch.Count);
            Assert.Equal(2 * batch.Count * 16 * 16 * 3, batch.Length);
            Assert.Equal(Order.Skip(step * 8).Take(8), batch.Indices.ToArray());
            for (int view = 0; view < 2; view++)
            {
                for (int image = 0; image < batch.Count; image++)
                {
                    byte[] expected = new byte[16 * 16 * 3];
                    source.Decode(batch.Indices[image], decoded);
                    ViewDraw draw = ViewDraw.For(Recipe, decoded.Width, decoded.Height, 9, 3, batch.Indices[image], view);
                    renderer.RenderPacked(decoded, draw, Recipe, expected);
                    Assert.True(expected.AsSpan().SequenceEqual(batch.Pixels.AsSpan((view * batch.Count + image) * expected.Length, expected.Length)));
                }
            }
            step++;
        }
        Assert.Equal(7, step);
    }

    [Fact]
    public void Reading_whole_gives_every_image_once_without_chance()
    {
        using var source = new PixelSource(53);
        using var loader = new ViewLoader(source, Recipe, new ViewLoaderOptions { BatchSize = 8, Workers = 2 });
        var indices = new List<int>();
        foreach (ViewBatch batch in loader.ReadWhole())
        {
            Assert.Equal(1, batch.Views);
            indices.AddRange(batch.Indices);
        }
        Assert.Equal(Enumerable.Range(0, 53), indices);
        Assert.Equal(Hashes(loader.ReadWhole([5, 1, 52])), Hashes(loader.ReadWhole([5, 1, 52])));
        Assert.True(loader.WaitSeconds > 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void An_unreadable_image_surfaces_as_itself_after_the_batches_before_it(int workers)
    {
        using var source = new PixelSource(53, Order[20], Order[22], Order[40]);
        using var loader = new ViewLoader(source, Recipe, new ViewLoaderOptions { BatchSize = 8, Workers = workers });
        int read = 0;
        var exception = Assert.Throws<UnreadableImageException>(() =>
        {
            foreach (ViewBatch _ in loader.ReadEpoch(0, Order))
                read++;
        });
        Assert.Equal(2, read);
        Assert.Equal(Order[20], exception.Index);
        Assert.Equal(3, loader.ReadEpoch(0, Order.AsMemory(24, 8 * 2)).Count() + loader.ReadEpoch(0, Order.AsMemory(42, 8)).Count());
    }

    [Fact]
    public void Any_other_failure_of_a_worker_tells_the_image()
    {
        foreach (Exception failure in new Exception[] { new InsufficientMemoryException("all gone"), new ArithmeticException("all gone") })
        {
            using var source = new FailingSource(failure);
            using var loader = new ViewLoader(source, Recipe, new ViewLoaderOptions { BatchSize = 1 });
            Exception told = Assert.ThrowsAny<Exception>(() => loader.ReadWhole().Count());
            Assert.Equal("one.jpg: all gone", told.Message);
            Assert.Same(failure, told.InnerException);
            Assert.Equal(failure is OutOfMemoryException, told is OutOfMemoryException); // which the tool answers with advice
        }
    }

    [Fact]
    public void Leaving_early_ends_the_threads()
    {
        using var source = new PixelSource(53);
        using var loader = new ViewLoader(source, Recipe, new ViewLoaderOptions { BatchSize = 4, Workers = 3, KeepDecoded = 0 });
        foreach (ViewBatch _ in loader.ReadEpoch(0, Order))
            break;
        Assert.NotEmpty(source.Readers);
        Assert.All(source.Readers, thread => Assert.StartsWith("diptych-views", thread.Name, StringComparison.Ordinal));
        Assert.All(source.Readers, thread => Assert.False(thread.IsAlive));
        Assert.Equal(12, loader.ReadEpoch(0, Order).Count());
        Assert.All(source.Readers, thread => Assert.False(thread.IsAlive));

        IEnumerator<ViewBatch> reading = loader.ReadEpoch(0, Order).GetEnumerator();
        Assert.True(reading.MoveNext());
        Assert.Contains(source.Readers, thread => thread.IsAlive);
        Assert.Throws<InvalidOperationException>(() => loader.ReadEpoch(0, Order).First());
        loader.Dispose();
        Assert.All(source.Readers, thread => Assert.False(thread.IsAlive));
        Assert.Throws<ObjectDisposedException>(() => reading.MoveNext());
    }

    [Fact]
    public void Tells_every_wrong_option_at_once()
    {
        using var source = new PixelSource(1);
        var exception = Assert.Throws<InvalidInputException>(() => new ViewLoader(source, Recipe, new ViewLoaderOptions { BatchSize = 0, Workers = -2, Prefetch = 1 }));
        Assert.Equal("""
            These loader options cannot be used:
            BatchSize must be at least 1, but is 0.
            Workers must be at least 1, but is -2.
            Prefetch must be at least 2, but is 1.
            """, exception.Message, ignoreLineEndingDifferences: true);
        using var loader = new ViewLoader(source, Recipe, new ViewLoaderOptions());
        Assert.StartsWith("Image 1 does not exist: images in memory has images 0 to 0.", Assert.Throws<ArgumentException>(() => loader.ReadWhole([1])).Message, StringComparison.Ordinal);
    }

    private static string[] Read(ViewLoaderOptions options, int epoch = 0, int firstStep = 0)
    {
        using var source = new PixelSource(53);
        using var loader = new ViewLoader(source, Recipe, options);
        return Hashes(loader.ReadEpoch(epoch, Order, firstStep));
    }

    [Fact]
    public void Drawing_views_takes_no_memory_once_warm()
    {
        const int Warm = 100; // images in which every operation happens, and takes its scratch memory
        using var source = new MeasuredSource(count: 600);
        ViewRecipe recipe = ViewRecipe.Named("imagenet-strong", size: 32) with { JitterProbability = 1, GrayscaleProbability = 0.5, BlurProbability = 0.5, SolarizeProbability = 0.5, QuarterTurns = true, SecondView = null };
        using var loader = new ViewLoader(source, recipe, new ViewLoaderOptions { BatchSize = 20, Workers = 1, KeepDecoded = 0 });
        foreach (ViewBatch _ in loader.ReadEpoch(0, Enumerable.Range(0, source.Count).ToArray()))
        {
        }
        Assert.Equal(new long[source.Count - Warm], source.Taken.Skip(Warm));
    }

    [Theory]
    [InlineData("tar")]
    [InlineData("raw")]
    public void Reading_tar_and_packed_files_takes_no_memory_once_warm(string kind)
    {
        Assert.SkipWhen(kind == "tar" && TurboJpeg.Name is null, "this machine has no libturbojpeg (Debian: libturbojpeg0); SkiaSharp makes objects for each image");
        using var folder = new TemporaryFolder();
        string path = Repository.Sample("test.tar");
        if (kind == "raw")
        {
            using IImageSource tar = ImageSource.Open(path);
            ImagePacking.Write(tar, path = folder.File("raw.pack"), new() { Store = "raw" }, cancellation: TestContext.Current.CancellationToken);
        }
        using IImageSource source = ImageSource.Open(path);
        var buffer = new ImageBuffer();
        long taken = 0;
        for (int i = 0; i < 2 * source.Count; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            source.Decode(i % source.Count, buffer);
            taken += i < source.Count ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.Equal(0, taken);
    }

    /// <summary>Decodes one picture again and again, and knows what the thread allocated since it last did.</summary>
    private sealed class MeasuredSource(int count) : IImageSource
    {
        private long _before;

        public List<long> Taken { get; } = new(count);

        public string Description => "memory";

        public int Count => count;

        public IReadOnlyList<string>? LabelNames => null;

        public string GetName(int index) => "";

        public int GetLabel(int index) => -1;

        public void Decode(int index, ImageBuffer destination)
        {
            Taken.Add(GC.GetAllocatedBytesForCurrentThread() - _before);
            destination.Resize(50, 40);
            destination.Pixels.Fill((byte)index);
            _before = GC.GetAllocatedBytesForCurrentThread();
        }

        public void Dispose() { }
    }

    private sealed class FailingSource(Exception failure) : IImageSource
    {
        public string Description => "memory";

        public int Count => 1;

        public IReadOnlyList<string>? LabelNames => null;

        public string GetName(int index) => "one.jpg";

        public int GetLabel(int index) => -1;

        public void Decode(int index, ImageBuffer destination) => throw failure;

        public void Dispose() { }
    }

    private static string[] Hashes(IEnumerable<ViewBatch> batches) =>
        [.. batches.Select(batch => $"{batch.Step}: {Convert.ToHexString(SHA256.HashData(batch.Pixels.AsSpan(0, batch.Length)))}")];
}
