using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class CifarSourceTests
{
    private static readonly Picture[] Pictures = Enumerable.Range(0, 5).Select(i => new Picture(i, 32, 32)).ToArray();

    [Fact]
    public void A_CIFAR_10_folder_opens_its_training_batches_in_order()
    {
        using var folder = new TemporaryFolder();
        folder.WriteGzip("data_batch_2.bin.gz", [.. Record(Pictures[2], 9), .. Record(Pictures[3], 0)]);
        folder.Write("data_batch_1.bin", [.. Record(Pictures[0], 3), .. Record(Pictures[1], 4)]);
        folder.Write("test_batch.bin", Record(Pictures[4], 7));
        folder.WriteText("batches.meta.txt", "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
        using IImageSource train = ImageSource.Open(folder.Path), test = ImageSource.Open(folder.File("test_batch.bin"));
        Assert.Equal(["data_batch_1.bin/0", "data_batch_1.bin/1", "data_batch_2.bin/0", "data_batch_2.bin/1"], train.Names());
        Assert.Equal([3, 4, 9, 0], train.Labels());
        Assert.Equal("truck", train.LabelNames![9]);
        Assert.Equal([7], test.Labels());
        for (int i = 0; i < 4; i++)
            Assert.Equal(Pictures[i].Pixels, train.Image(i).Pixels);
        Assert.Equal(Pictures[4].Pixels, test.Image(0).Pixels);
        Assert.Throws<ArgumentOutOfRangeException>(() => train.GetName(4));
    }

    [Fact]
    public void CIFAR_100_gives_its_fine_labels()
    {
        using var folder = new TemporaryFolder();
        folder.Write("train.bin", [.. Record(Pictures[0], 19, 99), .. Record(Pictures[1], 2, 41)]);
        folder.WriteGzip("test.bin.gz", Record(Pictures[2], 0, 7));
        folder.WriteText("fine_label_names.txt", string.Join('\n', Enumerable.Range(0, 100).Select(i => $"fine {i}")));
        using IImageSource train = ImageSource.Open(folder.Path), test = ImageSource.Open(folder.File("test.bin.gz"));
        Assert.Equal([99, 41], train.Labels());
        Assert.Equal("fine 41", train.LabelNames![41]);
        Assert.Equal(Pictures[1].Pixels, train.Image(1).Pixels);
        Assert.Equal(["test.bin/0"], test.Names());
        Assert.Equal(Pictures[2].Pixels, test.Image(0).Pixels);
    }

    [Fact]
    public void Without_a_list_classes_are_named_by_their_numbers()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.Write("my.bin", Record(Pictures[0], 5)));
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], source.LabelNames!);
    }

    [Fact]
    public void A_length_that_fits_both_kinds_is_decided_by_the_name()
    {
        using var folder = new TemporaryFolder();
        byte[] both = new byte[3073 * 3074];
        using IImageSource hundred = ImageSource.Open(folder.Write("train.bin", both)), ten = ImageSource.Open(folder.Write("data_batch_1.bin", both));
        Assert.Equal((3073, 100), (hundred.Count, hundred.LabelNames!.Count));
        Assert.Equal((3074, 10), (ten.Count, ten.LabelNames!.Count));
    }

    [Fact]
    public void A_cut_file_says_at_which_byte_the_last_record_begins()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("data_batch_1.bin", Record(Pictures[0], 1).Concat(Record(Pictures[1], 1)).SkipLast(10).ToArray());
        Assert.Equal(
            $"'{path}' is a truncated CIFAR file, or none: its 6,136 bytes are not whole records of 3,073; the record at byte 3,073 has only 3,063. Download or copy it again.",
            SourceContents.Refusal(folder.Path));
        string hundred = folder.Write("other/train.bin", new byte[3000]);
        Assert.Contains("not whole records of 3,074; the record at byte 0 has only 3,000", SourceContents.Refusal(hundred), StringComparison.Ordinal);
        Assert.StartsWith($"'{folder.File("e.bin")}' is empty.", SourceContents.Refusal(folder.Write("e.bin")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cut_second_batch_is_named()
    {
        using var folder = new TemporaryFolder();
        folder.Write("data_batch_1.bin", Record(Pictures[0], 1));
        string path = folder.Write("data_batch_2.bin", new byte[100]);
        Assert.StartsWith($"'{path}' is a truncated CIFAR file", SourceContents.Refusal(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_that_no_class_has_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("my.bin", [.. Record(Pictures[0], 9), .. Record(Pictures[1], 10)]);
        Assert.Equal(
            $"'{path}' is not CIFAR-10: the label at byte 3,073 is 10, expected 0 to 9. Name a CIFAR-10 or CIFAR-100 binary file.", SourceContents.Refusal(path));
    }

    [Fact]
    public void A_list_of_the_wrong_length_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("my.bin", Record(Pictures[0], 0)), list = folder.WriteText("batches.meta.txt", "cat\ndog\n");
        Assert.Equal($"'{list}' names 2 classes, but '{path}' has 10. Correct the list, or remove it.", SourceContents.Refusal(path));
    }

    [Fact]
    public void A_list_that_names_a_class_twice_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("my.bin", Record(Pictures[0], 0)), list = folder.WriteText("batches.meta.txt", "cat\ndog\nc\nd\ne\nf\ng\nh\ni\ncat\n");
        Assert.Equal($"'{list}' names the class 'cat' twice. Correct the list, or remove it.", SourceContents.Refusal(path));
    }

    [Fact]
    public void The_first_thousand_records_of_CIFAR_10_are_read()
    {
        string path = Repository.SharedOrSkip("data/cifar10/cifar10-first1000-exact.bin.gz");
        byte[] labels = File.ReadAllBytes(Repository.SharedOrSkip("data/cifar10/train-labels.u8"));
        using IImageSource source = ImageSource.Open(path);
        Assert.Equal(labels.Take(1000).Select(label => (int)label), source.Labels());
        Assert.Equal(["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"], source.LabelNames!);
        // The published first pixels of the frog that opens data_batch_1: 59, 62, 63.
        Assert.Equal([59, 62, 63, 255], source.Image(0).Pixels[..4]);
    }

    private static byte[] Record(Picture picture, params byte[] labels) =>
        [.. labels, .. Enumerable.Range(0, 3).SelectMany(channel => picture.Pixels.Where((_, at) => at % 4 == channel))];
}
