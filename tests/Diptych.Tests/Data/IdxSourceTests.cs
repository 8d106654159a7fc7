using System.Buffers.Binary;
using System.Security.Cryptography;
using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class IdxSourceTests
{
    private static readonly byte[] Gray = Enumerable.Range(0, 3 * 5 * 4).Select(i => (byte)(i * 37)).ToArray();

    [Theory]
    [InlineData("train-images-idx3-ubyte", "train-labels-idx1-ubyte")]
    [InlineData("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")]
    [InlineData("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte")]
    [InlineData("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte")]
    public void Images_and_their_labels_are_read(string images, string labels)
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder, images, Images(3, 5, 4));
        Write(folder, labels, Labels(2, 0, 5));
        using IImageSource byFile = ImageSource.Open(path), byFolder = ImageSource.Open(folder.Path);
        SourceContents.AssertSame(byFile, byFolder);
        string name = images.Replace(".gz", "", StringComparison.Ordinal);
        Assert.Equal([$"{name}/0", $"{name}/1", $"{name}/2"], byFile.Names());
        Assert.Equal([2, 0, 5], byFile.Labels());
        Assert.Equal(["0", "1", "2", "3", "4", "5"], byFile.LabelNames!);
        for (int i = 0; i < 3; i++)
        {
            var (width, height, pixels) = byFile.Image(i);
            Assert.Equal((4, 5), (width, height));
            Assert.Equal(Gray.Skip(20 * i).Take(20).SelectMany(gray => (byte[])[gray, gray, gray, 255]), pixels);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => byFile.GetLabel(3));
    }

    [Fact]
    public void Without_a_labels_file_there_are_no_labels()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(Write(folder, "a-images-idx3-ubyte", Images(3, 5, 4)));
        Assert.Null(source.LabelNames);
        Assert.Equal([-1, -1, -1], source.Labels());
    }

    [Fact]
    public void Of_several_sets_a_folder_opens_the_one_for_training()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "t10k-images-idx3-ubyte", Images(1, 5, 4));
        Write(folder, "train-images-idx3-ubyte.gz", Images(3, 5, 4));
        using IImageSource source = ImageSource.Open(folder.Path);
        Assert.Equal(3, source.Count);
        Assert.Equal(folder.File("train-images-idx3-ubyte.gz"), source.Description);
    }

    [Fact]
    public void Of_several_sets_without_one_for_training_the_user_names_one()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "b-images-idx3-ubyte", Images(1, 5, 4));
        Write(folder, "a-images-idx3-ubyte.gz", Images(3, 5, 4));
        Assert.Equal(
            $"Folder '{folder.Path}' holds 2 idx sets. Name one of them: a-images-idx3-ubyte.gz, b-images-idx3-ubyte.", SourceContents.Refusal(folder.Path));
    }

    [Fact]
    public void A_labels_file_is_not_a_set_of_images()
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder, "train-labels-idx1-ubyte", Labels(1));
        Assert.Equal($"'{path}' is an idx file of labels. Name the images file beside it (images-idx3-ubyte).", SourceContents.Refusal(path));
    }

    [Fact]
    public void A_count_of_labels_other_than_of_images_is_refused()
    {
        using var folder = new TemporaryFolder();
        string images = Write(folder, "train-images-idx3-ubyte", Images(3, 5, 4)), labels = Write(folder, "train-labels-idx1-ubyte", Labels(1, 2));
        Assert.Equal(
            $"'{images}' has 3 images, but '{labels}' has 2 labels. Put the labels that belong to it beside it, or remove them.", SourceContents.Refusal(images));
    }

    [Theory]
    [InlineData(75, "is a truncated idx file: its header says 3 images of 4 × 5, 76 bytes in all, but it has 75.")]
    [InlineData(77, "is no idx file, or has bytes after its end: its header says 3 images of 4 × 5, 76 bytes in all, but it has 77.")]
    [InlineData(15, "is a truncated idx file: it has 15 bytes, its header alone needs 16.")]
    [InlineData(0, "is a truncated idx file: it has 0 bytes, its header alone needs 16.")]
    public void A_length_that_the_header_does_not_give_is_refused(int length, string fault)
    {
        using var folder = new TemporaryFolder();
        byte[] file = Images(3, 5, 4);
        Array.Resize(ref file, length);
        string path = Write(folder, "train-images-idx3-ubyte", file);
        Assert.Equal($"'{path}' {fault} Download or copy it again.", SourceContents.Refusal(path));
    }

    [Fact]
    public void A_header_of_absurd_size_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder, "train-images-idx3-ubyte", Images(uint.MaxValue, uint.MaxValue, uint.MaxValue));
        Assert.Equal($"'{path}' says that its images have 4,294,967,295 × 4,294,967,295 pixels; the limit is 268,435,456. Download or copy it again.", SourceContents.Refusal(path));
        path = Write(folder, "train-images-idx3-ubyte", Images(uint.MaxValue, 1 << 14, 1 << 14));
        Assert.Contains("but it has 76.", SourceContents.Refusal(path), StringComparison.Ordinal);
        path = Write(folder, "train-images-idx3-ubyte", Images(0, 28, 28));
        Assert.Equal($"'{path}' holds no images: its header says 0 of 28 × 28 pixels. Download or copy it again.", SourceContents.Refusal(path));
    }

    [Fact]
    public void Another_magic_number_is_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] file = Images(3, 5, 4);
        file[2] = 0x0D;
        string path = Write(folder, "train-images-idx3-ubyte", file);
        Assert.Equal(
            $"'{path}' is not an idx file of images: it begins with 0x00000D03, expected 0x00000803. Download or copy it again.", SourceContents.Refusal(path));
    }

    [Fact]
    public void A_gz_that_unpacks_to_more_than_memory_holds_is_refused_before_it_is_unpacked()
    {
        using var folder = new TemporaryFolder();
        var packed = new byte[4_000_000];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(packed.AsSpan()[^4..], 2_764_800_000);
        string path = folder.Write("train-images-idx3-ubyte.gz", packed);
        Assert.Equal($"'{path}' says at its end that it unpacks to 2,764,800,000 bytes; the limit is 2,147,483,591. Unpack it, and name the unpacked file; if it is smaller, download or copy it again.", SourceContents.Refusal(path));
    }

    [Fact]
    public void A_cut_gz_is_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] packed = TemporaryFolder.Gzip(Images(3, 5, 4));
        for (int length = 1; length < packed.Length; length++)
        {
            string path = folder.Write("train-images-idx3-ubyte.gz", packed[..length]);
            Assert.StartsWith($"'{path}' is not a whole gz file: ", SourceContents.Refusal(path), StringComparison.Ordinal);
        }
    }

    // SHA-256 of the 7,840,000 gray bytes after the header, by Python's gzip and hashlib.
    [Fact]
    public void Fashion_MNIST_is_read()
    {
        using IImageSource source = ImageSource.Open(Repository.SharedOrSkip("data/fashion-mnist/t10k-images-idx3-ubyte.gz"));
        Assert.Equal(10_000, source.Count);
        Assert.Equal(Enumerable.Repeat(1000, 10), source.Labels().CountBy(label => label).OrderBy(pair => pair.Key).Select(pair => pair.Value));
        Assert.Equal([9, 2, 1, 1, 6, 1, 4, 6], source.Labels()[..8]);
        var buffer = new ImageBuffer();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < source.Count; i++)
        {
            source.Decode(i, buffer);
            hash.AppendData(buffer.Pixels.ToArray().Where((_, at) => at % 4 == 1).ToArray());
        }
        Assert.Equal("c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a", Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static string Write(TemporaryFolder folder, string name, byte[] bytes) =>
        name.EndsWith(".gz", StringComparison.Ordinal) ? folder.WriteGzip(name, bytes) : folder.Write(name, bytes);

    private static byte[] Images(uint count, uint height, uint width) =>
        [0, 0, 8, 3, .. BigEndian(count), .. BigEndian(height), .. BigEndian(width), .. Gray.Take((int)Math.Min(60, (ulong)count * height * width))];

    private static byte[] Labels(params byte[] labels) => [0, 0, 8, 1, .. BigEndian((uint)labels.Length), .. labels];

    private static byte[] BigEndian(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
