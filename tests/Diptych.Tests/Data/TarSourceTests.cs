using System.Formats.Tar;
using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class TarSourceTests
{
    private static readonly (string Name, byte[] Bytes)[] Classes = Enumerable.Range(0, 12)
        .Select(i => ($"class {i % 3}/image-{i}.{(i % 2 == 0 ? "png" : "jpg")}", i % 2 == 0 ? new Picture(i).Png() : new Picture(i).Jpeg())).ToArray();

    [Theory]
    [InlineData("set.tar", TarEntryFormat.Pax)]
    [InlineData("set.tar", TarEntryFormat.Ustar)]
    [InlineData("set.tar", TarEntryFormat.Gnu)]
    [InlineData("set.tar", TarEntryFormat.V7)]
    [InlineData("set.tar.gz", TarEntryFormat.Gnu)]
    [InlineData("set.tgz", TarEntryFormat.Pax)]
    public void A_tar_equals_the_folder_bit_for_bit(string name, TarEntryFormat format)
    {
        using var folder = new TemporaryFolder();
        foreach (var (member, bytes) in Classes)
            folder.Write($"tree/{member}", bytes);
        using IImageSource tree = ImageSource.Open(folder.File("tree"));
        string path = folder.WriteTar(name, Classes.Reverse(), format);
        using IImageSource tar = ImageSource.Open(path);
        SourceContents.AssertSame(tree, tar);
        Assert.Equal(["class 0", "class 1", "class 2"], tar.LabelNames!);
        Assert.Equal(path, tar.Description);
    }

    [Fact]
    public void Flat_images_in_a_tar_have_no_labels()
    {
        using var folder = new TemporaryFolder();
        var picture = new Picture(1);
        using IImageSource source = ImageSource.Open(folder.WriteTar("flat.tar", [("b.png", picture.Png()), ("notes.txt", [1]), ("./a.png", picture.Png())]));
        Assert.Equal(["a.png", "b.png"], source.Names());
        Assert.Null(source.LabelNames);
        Assert.Equal(picture.Pixels, source.Image(0).Pixels);
    }

    [Theory]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public void Names_longer_than_a_header_holds_are_read(TarEntryFormat format)
    {
        using var folder = new TemporaryFolder();
        string deep = $"{new string('a', 120)}/{new string('b', 150)}.png", unicode = "größe/日本.png";
        using IImageSource source = ImageSource.Open(folder.WriteTar("long.tar", [(deep, new Picture(1).Png()), (unicode, new Picture(2).Png())], format));
        Assert.Equal([deep, unicode], source.Names());
        Assert.Equal(new Picture(2).Pixels, source.Image(1).Pixels);
    }

    [Fact]
    public void Of_two_members_with_one_name_the_last_counts()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.WriteTar("twice.tar", [("a.png", new Picture(1).Png()), ("a.png", new Picture(2).Png())]));
        Assert.Equal(1, source.Count);
        Assert.Equal(new Picture(2).Pixels, source.Image(0).Pixels);
    }

    [Fact]
    public void A_folder_in_a_tar_opens_as_the_folder_would()
    {
        using var folder = new TemporaryFolder();
        foreach (var (member, bytes) in Classes)
            folder.Write($"train/{member}", bytes);
        string path = folder.WriteTar("set.tar.gz", Classes.SelectMany(member => ((string, byte[])[])[($"train/{member.Name}", member.Bytes), ($"test/{member.Name}", [])]));
        using IImageSource tree = ImageSource.Open(folder.File("train")), tar = ImageSource.Open(path + "/train/");
        SourceContents.AssertSame(tree, tar);
        Assert.Equal(path + "/train", tar.Description);

        Assert.Equal($"Tar '{path}' holds no folder 'trian'. Its folders: test, train. Did you mean '{path}/train'?", SourceContents.Refusal(path + "/trian"));
        Assert.Equal(
            $"Tar '{path}' holds 'test' and 'train', which are parts of a set, not classes. Name one of them: {path}/test or {path}/train.",
            SourceContents.Refusal(path));
    }

    [Fact]
    public void An_unpacked_gz_leaves_no_file_behind()
    {
        using var folder = new TemporaryFolder();
        string path = folder.WriteTar("set.tgz", Classes);
        string[] before = Directory.GetFiles(Path.GetTempPath(), "diptych-*.tar");
        using (IImageSource source = ImageSource.Open(path))
            Assert.Equal(12, source.Count);
        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), "diptych-*.tar").Except(before));
    }

    [Fact]
    public void Reading_from_many_threads_gives_what_one_thread_reads()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.WriteTar("set.tar", Classes));
        byte[][] serial = Enumerable.Range(0, 12).Select(i => source.Image(i).Pixels).ToArray();
        Parallel.For(0, 480, new() { MaxDegreeOfParallelism = 8 }, i => Assert.Equal(serial[i % 12], source.Image(i % 12).Pixels));
    }

    [Fact]
    public void Every_cut_is_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] whole = File.ReadAllBytes(folder.WriteTar("whole.tar", Classes.Take(3), TarEntryFormat.Ustar));
        for (int length = 0; length <= whole.Length - 1024; length += 61)
        {
            string path = folder.Write("cut.tar", whole[..length]);
            Assert.Contains($"'{path}'", SourceContents.Refusal(path), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_cut_tar_says_where_it_ends_and_where_it_should()
    {
        using var folder = new TemporaryFolder();
        byte[] image = new Picture(1).Png();
        byte[] whole = File.ReadAllBytes(folder.WriteTar("whole.tar", [("a.png", image), ("b.png", image)], TarEntryFormat.Ustar));
        int padded = 512 + (image.Length + 511) / 512 * 512;
        string Cut(int length) => SourceContents.Refusal(folder.Write("cut.tar", whole[..length]));

        string start = $"'{folder.File("cut.tar")}' is a truncated tar: it ends at byte ", rest = ". Make or download it again.";
        Assert.Equal($"{start}600, but member 'a.png' should end at byte {512 + image.Length:N0}{rest}", Cut(600));
        Assert.Equal($"{start}{padded + 100:N0}, but a member begins at byte {padded:N0}{rest}", Cut(padded + 100));
        Assert.Equal($"{start}{2 * padded:N0}, but an end marker was expected at byte {2 * padded:N0}{rest}", Cut(2 * padded));
    }

    [Fact]
    public void A_cut_or_damaged_gz_is_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] whole = File.ReadAllBytes(folder.WriteTar("whole.tar.gz", Classes));
        string path = folder.Write("bad.tar.gz", whole[..(whole.Length / 2)]);
        Assert.StartsWith($"'{path}' is a truncated tar: it ends at byte ", SourceContents.Refusal(path), StringComparison.Ordinal);
        whole[^6] ^= 1;
        folder.Write("bad.tar.gz", whole);
        Assert.StartsWith($"'{path}' is not a whole gz file: ", SourceContents.Refusal(path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_should_have_megabytes_is_refused_before_memory_is_taken()
    {
        using var folder = new TemporaryFolder();
        byte[] tar = File.ReadAllBytes(folder.WriteTar("long.tar", [(new string('a', 150) + ".png", new Picture(1).Png())], TarEntryFormat.Gnu));
        "00400000001"u8.CopyTo(tar.AsSpan(124));
        "        "u8.CopyTo(tar.AsSpan(148));
        System.Text.Encoding.ASCII.GetBytes(Convert.ToString(tar.AsSpan(0, 512).ToArray().Sum(value => value), 8).PadLeft(6, '0') + "\0 ").CopyTo(tar, 148);
        string path = folder.Write("long.tar", tar);
        Assert.Equal(
            $"'{path}' is not a readable tar: the name or attributes at byte 0 should have 67,108,865 bytes, the limit is 1,048,576. Make or download it again.",
            SourceContents.Refusal(path));
    }

    [Fact]
    public void A_file_that_is_no_tar_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("text.tar", Enumerable.Repeat((byte)'x', 2048).ToArray());
        Assert.StartsWith($"'{path}' is not a readable tar: no member header at byte 0 (", SourceContents.Refusal(path), StringComparison.Ordinal);
    }
}
