using Diptych.Data;
using Diptych.Views;

namespace Diptych.Tests.Data;

public sealed class PackedSourceTests
{
    [Fact]
    public void Raw_images_that_need_no_resizing_come_back_bit_for_bit_with_names_and_labels()
    {
        using var folder = new TemporaryFolder();
        string[] names = ["cats/größe.png", "cats/2.png", "dogs/3.png", "dogs/4.png"];
        foreach (var (i, name) in names.Index())
            folder.Write($"tree/{name}", new Picture(i, 5 + i, 9 - i).Png());
        using IImageSource tree = ImageSource.Open(folder.File("tree"));
        ImagePacking.Write(tree, folder.File("some.file"), new() { Store = "raw", Workers = 3 }, cancellation: TestContext.Current.CancellationToken);
        using IImageSource packed = ImageSource.Open(folder.File("some.file"));
        SourceContents.AssertSame(tree, packed);
        Assert.Equal(folder.File("some.file"), packed.Description);
    }

    [Fact]
    public void Images_without_labels_stay_without()
    {
        using var folder = new TemporaryFolder();
        using IImageSource flat = ImageSource.Open(folder.Write("a.png", new Picture(1).Png()));
        ImagePacking.Write(flat, folder.File("p.pack"), new(), cancellation: TestContext.Current.CancellationToken);
        using IImageSource packed = ImageSource.Open(folder.File("p.pack"));
        Assert.Null(packed.LabelNames);
        Assert.Equal([-1], packed.Labels());
    }

    [Theory]
    [InlineData(100, 61, 32, 52, 32)]
    [InlineData(61, 100, 32, 32, 52)]
    [InlineData(40, 40, 32, 32, 32)]
    [InlineData(31, 90, 32, 31, 90)]
    public void The_shorter_side_is_made_as_long_as_asked_and_small_images_are_left(int width, int height, int size, int packedWidth, int packedHeight)
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.Write("a.png", new Picture(1, width, height).Png()));
        foreach (string store in PackingOptions.Stores)
        {
            ImagePacking.Write(source, folder.File(store), new() { Store = store, Size = size }, cancellation: TestContext.Current.CancellationToken);
            using IImageSource packed = ImageSource.Open(folder.File(store));
            Assert.Equal((packedWidth, packedHeight), (packed.Image(0).Width, packed.Image(0).Height));
        }
    }

    [Fact]
    public void The_bytes_do_not_depend_on_the_workers()
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 40; i++)
            folder.Write($"tree/{i}.png", new Picture(i, 20, 30).Png());
        using IImageSource tree = ImageSource.Open(folder.File("tree"));
        ImagePacking.Write(tree, folder.File("one"), new() { Size = 16, Workers = 1 }, cancellation: TestContext.Current.CancellationToken);
        ImagePacking.Write(tree, folder.File("four"), new() { Size = 16, Workers = 4 }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(folder.File("one")), File.ReadAllBytes(folder.File("four")));
    }

    [Fact]
    public void A_region_of_a_raw_image_has_the_pixels_of_the_whole()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.Write("a.png", new Picture(1, 33, 20).Png()));
        ImagePacking.Write(source, folder.File("p.pack"), new() { Store = "raw" }, cancellation: TestContext.Current.CancellationToken);
        using IImageSource packed = ImageSource.Open(folder.File("p.pack"));
        var buffer = new ImageBuffer();
        packed.Decode(0, buffer, new Rows());
        Assert.Equal(source.Image(0).Pixels[(4 * 33 * 5)..(4 * 33 * 12)], buffer.Pixels[(4 * 33 * 5)..(4 * 33 * 12)].ToArray());
    }

    [Fact]
    public void Every_changed_byte_is_noticed_and_every_cut_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tree/a/1.png", new Picture(1).Png());
        folder.Write("tree/b/2.png", new Picture(2).Png());
        using IImageSource tree = ImageSource.Open(folder.File("tree"));
        string path = folder.File("p.pack");
        ImagePacking.Write(tree, path, new() { Store = "raw" }, cancellation: TestContext.Current.CancellationToken);
        byte[] whole = File.ReadAllBytes(path);
        for (int at = 8; at < whole.Length; at++)
        {
            byte[] changed = [.. whole];
            changed[at] ^= 0x10;
            Assert.ThrowsAny<InvalidInputException>(() => ReadAll(folder.Write("changed.pack", changed)));
            Assert.ThrowsAny<InvalidInputException>(() => ReadAll(folder.Write("cut.pack", whole[..at])));
        }
    }

    [Fact]
    public void An_unreadable_image_leaves_no_file_behind()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tree/1.png", new Picture(1).Png());
        folder.WriteText("tree/2.jpg", "These are my notes.");
        using IImageSource tree = ImageSource.Open(folder.File("tree"));
        Assert.Equal("2.jpg", Assert.Throws<UnreadableImageException>(() => ImagePacking.Write(tree, folder.File("p.pack"), new(), cancellation: TestContext.Current.CancellationToken)).Name);
        Assert.Equal(["tree"], Directory.GetFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry)));
    }

    [Fact]
    public void What_a_packed_file_cannot_hold_is_told_by_name()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tree/long.png", new Picture(1, 65_501, 1).Png());
        using IImageSource tree = ImageSource.Open(folder.File("tree"));
        Exception fault = Assert.Throws<UnreadableImageException>(() => ImagePacking.Write(tree, folder.File("p.pack"), new(), cancellation: TestContext.Current.CancellationToken));
        Assert.StartsWith("long.png (1 of 1) is not a readable image: it has 65,501 × 1 pixels, and a JPEG at most 65,500 a side. Remove it, or use --store raw, which has no such limit.", fault.Message, StringComparison.Ordinal);
        ImagePacking.Write(tree, folder.File("p.pack"), new() { Store = "raw" }, cancellation: TestContext.Current.CancellationToken);

        string name = new string('x', 70_000) + ".png";
        using IImageSource named = ImageSource.Open(folder.WriteTar("long.tar", [(name, new Picture(1).Png())]));
        fault = Assert.Throws<InvalidInputException>(() => ImagePacking.Write(named, folder.File("p.pack"), new(), cancellation: TestContext.Current.CancellationToken));
        Assert.EndsWith("… has 70,004 bytes, a packed file has room for 65,535. Shorten it.", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_packed_file_is_read_through_a_link()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.Write("a.png", new Picture(1).Png()));
        ImagePacking.Write(source, folder.File("p.pack"), new() { Store = "raw" }, cancellation: TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(folder.File("link"), folder.File("p.pack"));
        using IImageSource packed = ImageSource.Open(folder.File("link"));
        SourceContents.AssertSame(source, packed);
    }

    [Fact]
    public void A_file_that_was_cut_while_it_is_read_is_told_by_name()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows keeps others from cutting a mapped file");
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 2; i++)
            folder.Write($"tree/{i}.png", new Picture(i, 64, 64).Png());
        using IImageSource tree = ImageSource.Open(folder.File("tree"));
        ImagePacking.Write(tree, folder.File("p.pack"), new() { Store = "raw" }, cancellation: TestContext.Current.CancellationToken);
        using IImageSource packed = ImageSource.Open(folder.File("p.pack"));
        Cut(folder.File("p.pack"), 64 + 3 * 64 * 64 + 100);
        Assert.Equal(tree.Image(0).Pixels, packed.Image(0).Pixels);
        Assert.StartsWith("1.png (2 of 2) is not a readable image: the file has become shorter.", Assert.Throws<UnreadableImageException>(() => packed.Image(1)).Message, StringComparison.Ordinal);

        // By a process of its own: .NET locks what it opens.
        static void Cut(string path, int length) => System.Diagnostics.Process.Start("/bin/sh", ["-c", "head -c \"$1\" \"$0\" > \"$0.cut\" && cat \"$0.cut\" > \"$0\"", path, $"{length}"]).WaitForExit();
    }

    [Fact]
    public void Packing_that_is_stopped_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.Write("a.png", new Picture(1).Png()));
        Assert.Throws<OperationCanceledException>(() => ImagePacking.Write(source, folder.File("p.pack"), new(), cancellation: new CancellationToken(canceled: true)));
        Assert.Equal(["a.png"], Directory.GetFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry)));
    }

    [Fact]
    public void It_says_how_it_stores_its_images()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.Write("a.png", new Picture(1).Png()));
        Assert.Null(source.StoredAs);
        ImagePacking.Write(source, folder.File("p.pack"), new() { Size = 48 }, cancellation: TestContext.Current.CancellationToken);
        using IImageSource packed = ImageSource.Open(folder.File("p.pack"));
        Assert.Equal("packed as JPEG, shorter side at most 48 pixels", packed.StoredAs);
    }

    [Fact]
    public void The_same_images_packed_otherwise_are_other_images()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.Write("a.png", new Picture(1).Png()));
        string[] prints = [SampleOrder.Fingerprint(source), Packed(new() { Size = 48 }), Packed(new() { Size = 64 }), Packed(new() { Size = 64, Store = "raw" })];
        Assert.Equal(4, prints.Distinct().Count());
        Assert.Equal(prints[1], Packed(new() { Size = 48 }));

        string Packed(PackingOptions options)
        {
            ImagePacking.Write(source, folder.File("p.pack"), options, cancellation: TestContext.Current.CancellationToken);
            using IImageSource packed = ImageSource.Open(folder.File("p.pack"));
            return SampleOrder.Fingerprint(packed);
        }
    }

    [Fact]
    public void All_mistakes_in_the_options_are_told_at_once() =>
        Assert.Equal(4, Assert.Throws<InvalidInputException>(new PackingOptions { Size = 0, Store = "jpg", Quality = 101, Workers = 0 }.Validate).Message.Split(Environment.NewLine).Length);

    private static void ReadAll(string path)
    {
        using IImageSource source = ImageSource.Open(path);
        for (int i = 0; i < source.Count; i++)
            source.Image(i);
    }

    private sealed class Rows : IRegionChoice
    {
        public ImageRegion Choose(int width, int height) => new(3, 5, 4, 7);
    }
}
