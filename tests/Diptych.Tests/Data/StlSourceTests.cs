using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class StlSourceTests
{
    private static readonly Picture[] Pictures = Enumerable.Range(0, 3).Select(i => new Picture(i, 96, 96)).ToArray();

    [Fact]
    public void Planes_are_read_column_by_column_and_labels_begin_at_one()
    {
        using var folder = new TemporaryFolder();
        folder.WriteText("class_names.txt", "airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n");
        folder.Write("train_X.bin", Pictures.SelectMany(Record).ToArray());
        folder.Write("train_y.bin", 10, 1, 3);
        folder.WriteGzip("test_X.bin.gz", Record(Pictures[1]));
        folder.WriteGzip("test_y.bin.gz", [2]);
        using IImageSource train = ImageSource.Open(folder.Path), test = ImageSource.Open(folder.File("test_X.bin.gz"));
        Assert.Equal(["train_X.bin/0", "train_X.bin/1", "train_X.bin/2"], train.Names());
        Assert.Equal([9, 0, 2], train.Labels());
        Assert.Equal("truck", train.LabelNames![9]);
        Assert.Equal([1], test.Labels());
        foreach (var (index, picture) in Pictures.Index())
            Assert.Equal(picture.Pixels, train.Image(index).Pixels);
        Assert.Equal(Pictures[1].Pixels, test.Image(0).Pixels);
        Assert.Throws<ArgumentOutOfRangeException>(() => train.GetName(3));
    }

    [Fact]
    public void A_folder_stands_for_its_unlabelled_images()
    {
        using var folder = new TemporaryFolder();
        folder.Write("train_X.bin", Record(Pictures[0]));
        folder.Write("train_y.bin", 1);
        folder.Write("unlabeled_X.bin", Record(Pictures[2]));
        using IImageSource source = ImageSource.Open(folder.Path);
        Assert.Equal(["unlabeled_X.bin/0"], source.Names());
        Assert.Null(source.LabelNames);
        Assert.Equal(-1, source.GetLabel(0));
        Assert.Equal(Pictures[2].Pixels, source.Image(0).Pixels);
    }

    [Fact]
    public void Cut_files_and_wrong_labels_are_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("train_X.bin", Record(Pictures[0])[..^1]);
        Assert.Equal($"'{path}' is a truncated STL-10 file, or none: its 27,647 bytes are not whole images of 27,648. Download or copy it again.", SourceContents.Refusal(path));
        folder.Write("train_X.bin", Record(Pictures[0]));
        string labels = folder.Write("train_y.bin", 1, 2);
        Assert.StartsWith($"'{path}' has 1 images, but '{labels}' has 2 labels.", SourceContents.Refusal(folder.Path), StringComparison.Ordinal);
        folder.Write("train_y.bin", 11);
        Assert.Equal($"'{labels}' is not an STL-10 labels file: the label at byte 0 is 11, expected 1 to 10. Download or copy it again.", SourceContents.Refusal(path));
    }

    private static byte[] Record(Picture picture)
    {
        var record = new byte[3 * 96 * 96];
        for (int channel = 0, at = 0; channel < 3; channel++)
            for (int x = 0; x < 96; x++)
                for (int y = 0; y < 96; y++)
                    record[at++] = picture.Pixels[4 * (y * 96 + x) + channel];
        return record;
    }
}
