using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class ReadabilityCheckTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void Lists_the_unreadable_images_in_order_and_tells_its_progress(int workers)
    {
        using var source = new LabelledSource(new int[200], null, 199, 3, 77);
        var progress = new Progress();
        Assert.Equal(
            [new(3, "image-3", "reason 3"), new(77, "image-77", "reason 77"), new(199, "image-199", "reason 199")],
            ReadabilityCheck.FindUnreadable(source, workers, progress, TestContext.Current.CancellationToken));
        Assert.Equal([64, 128, 192, 200], progress.Told);
    }

    [Fact]
    public void Finds_bad_files_among_good_ones()
    {
        using var folder = new TemporaryFolder();
        byte[] jpeg = new Picture(1, 60, 60).Jpeg();
        folder.Write("a.jpg", jpeg);
        folder.Write("b.jpg", jpeg[..(jpeg.Length / 2)]);
        folder.WriteText("c.png", "text");
        folder.Write("d.bmp");
        using IImageSource source = ImageSource.Open(folder.Path);
        var unreadable = source.Unreadable(workers: 2);
        Assert.Equal(
            [new(1, "b.jpg", "premature end of JPEG"), new(2, "c.png", "not a JPEG, PNG, WebP or BMP image"), new(3, "d.bmp", "the file is empty")], unreadable);
        Assert.Equal(
            $"3 of 4 images in {folder.Path} cannot be read:\n  b.jpg: premature end of JPEG\n  c.png: not a JPEG, PNG, WebP or BMP image\n" +
            "  d.bmp: the file is empty\nRemove them, or see what they have in common; --skip-unreadable leaves out 1 % at most.",
            Assert.Throws<InvalidInputException>(() => ReadabilityCheck.ThrowIfAny(source, unreadable)).Message);
    }

    [Fact]
    public void Leaves_out_one_image_in_a_hundred_and_no_more()
    {
        using var source = new LabelledSource(new int[200], null, 3, 77);
        using IImageSource readable = ReadabilityCheck.KeepReadable(source, source.Unreadable(workers: 2));
        Assert.Equal(Enumerable.Range(0, 200).Except([3, 77]).Select(i => $"image-{i}"), readable.Names());

        using var worse = new LabelledSource(new int[299], null, 3, 77, 199);
        Assert.Equal(
            "3 of 299 images in memory cannot be read, more than the 1 % that --skip-unreadable leaves out:\n  image-3: reason 3\n  image-77: reason 77\n  image-199: reason 199\n" +
            "Remove them, or see what they have in common.",
            Assert.Throws<InvalidInputException>(() => ReadabilityCheck.KeepReadable(worse, worse.Unreadable(workers: 2))).Message);

        using var few = new LabelledSource(new int[4], null, 2);
        using IImageSource rest = ReadabilityCheck.KeepReadable(few, few.Unreadable(workers: 1));
        Assert.Equal(3, rest.Count);
    }

    [Fact]
    public void Names_only_the_first_few()
    {
        using var source = new LabelledSource(new int[2000], null, Enumerable.Range(0, 1500).ToArray());
        string message = Assert.Throws<InvalidInputException>(() => ReadabilityCheck.ThrowIfAny(source, source.Unreadable(workers: 2))).Message;
        Assert.StartsWith("1,500 of 2,000 images in memory cannot be read:\n  image-0: reason 0\n", message, StringComparison.Ordinal);
        Assert.EndsWith("  image-4: reason 4\n  and 1,495 more\nRemove them, or see what they have in common; --skip-unreadable leaves out 1 % at most.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_without_bad_images_passes_unchanged()
    {
        using var source = new LabelledSource(new int[10], null);
        var unreadable = source.Unreadable(workers: 3);
        Assert.Empty(unreadable);
        ReadabilityCheck.ThrowIfAny(source, unreadable);
        Assert.Same(source, ReadabilityCheck.KeepReadable(source, unreadable));
    }

    [Fact]
    public void A_single_bad_image_is_reported_as_decoding_it_would()
    {
        using var source = new LabelledSource(new int[10], null, 4);
        var unreadable = source.Unreadable(workers: 3);
        Assert.Equal(
            "image-4 (5 of 10) is not a readable image: reason 4. Remove it, or pass --skip-unreadable.",
            Assert.Throws<UnreadableImageException>(() => ReadabilityCheck.ThrowIfAny(source, unreadable)).Message);
    }

    [Fact]
    public void Nothing_readable_is_the_users_to_mend()
    {
        using var source = new LabelledSource(new int[2], null, 0, 1);
        Assert.Equal(
            "None of the 2 images in memory can be read:\n  image-0: reason 0\n  image-1: reason 1\nName other images.",
            Assert.Throws<InvalidInputException>(() => ReadabilityCheck.KeepReadable(source, source.Unreadable(workers: 1))).Message);
    }

    [Fact]
    public void Can_be_cancelled()
    {
        using var source = new LabelledSource(new int[10_000], null);
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => ReadabilityCheck.FindUnreadable(source, 2, new Progress(stop.Cancel), stop.Token));
    }

    private sealed class Progress(Action? onReport = null) : IProgress<int>
    {
        public List<int> Told { get; } = [];

        public void Report(int value)
        {
            Told.Add(value);
            onReport?.Invoke();
        }
    }
}
