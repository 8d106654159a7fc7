using System.Text;
using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class ShardSourceTests
{
    private static readonly Picture[] Pictures = Enumerable.Range(0, 6).Select(i => new Picture(i)).ToArray();

    [Theory]
    [InlineData("tar")]
    [InlineData("tar.gz")]
    public void A_range_of_shards_is_one_set_in_stored_order(string extension)
    {
        using var folder = new TemporaryFolder();
        for (int shard = 8; shard <= 10; shard++)
            folder.WriteTar($"train-{shard:D3}.{extension}", [
                ($"b/{shard}.x.png", Pictures[shard - 8].Png()), ($"b/{shard}.cls", Text($"{shard - 6}\n")),
                ($"a/{shard}.png", Pictures[shard - 5].Png()), ($"a/{shard}.cls", Text("0")), ($"a/{shard}.txt", Text("words"))]);
        using IImageSource source = ImageSource.Open(folder.File($"train-{{008..010}}.{extension}"));
        Assert.Equal(
            [$"train-008.{extension}/b/8.x.png", $"train-008.{extension}/a/8.png", $"train-009.{extension}/b/9.x.png", $"train-009.{extension}/a/9.png", $"train-010.{extension}/b/10.x.png", $"train-010.{extension}/a/10.png"],
            source.Names());
        Assert.Equal(["0", "1", "2", "3", "4"], source.LabelNames!);
        Assert.Equal([2, 0, 3, 0, 4, 0], source.Labels());
        foreach (var (index, picture) in ((int[])[0, 3, 1, 4, 2, 5]).Index())
            Assert.Equal(Pictures[picture].Pixels, source.Image(index).Pixels);
    }

    [Fact]
    public void Labels_are_names_where_they_are_not_all_numbers_and_come_from_JSON_too()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.WriteTar("one.tar", [
            ("1.json", Text("""{"label": "dog", "id": 7}""")), ("1.png", Pictures[0].Png()),
            ("2.png", Pictures[1].Png()), ("2.cls", Text("cat")), ("2.json", Text("""{"label": "not this"}""")),
            ("3.left.png", Pictures[2].Png()), ("3.right.png", Pictures[3].Png()), ("3.json", Text("""{"class": 12}"""))]));
        Assert.Equal(["1.png", "2.png", "3.left.png", "3.right.png"], source.Names());
        Assert.Equal(["12", "cat", "dog"], source.LabelNames!);
        Assert.Equal([2, 1, 0, 0], source.Labels());
    }

    [Fact]
    public void JSON_without_a_label_before_the_first_with_one_hides_no_labels()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.WriteTar("one.tar", [
            ("1.png", Pictures[0].Png()), ("1.meta.json", Text("""{"width": 40}""")), ("1.json", Text("""{"label": 0}""")),
            ("2.png", Pictures[1].Png()), ("2.meta.json", Text("{}")), ("2.json", Text("""{"label": 1}"""))]));
        Assert.Equal([0, 1], source.Labels());
        Assert.Null(source.LeftOut);
    }

    [Fact]
    public void JSON_for_others_use_that_cannot_be_read_keeps_no_tar_from_opening()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.WriteTar("one.tar", [("a/1.png", Pictures[0].Png()), ("a/1.json", Text("""{"width": 40}""")), ("b/2.png", Pictures[1].Png()), ("b/2.json", Text("""{"similarity": NaN}"""))]));
        Assert.Equal(["a", "b"], source.LabelNames!);
    }

    [Fact]
    public void What_is_neither_image_nor_label_is_counted()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.WriteTar("one.tar", [
            ("1.png", Pictures[0].Png()), ("1.cls", Text("0")), ("1.txt", Text("words")), ("2.gif", Text("GIF")), ("2.cls", Text("1")), ("3.gif", Text("GIF"))]));
        Assert.Equal(".gif (2), .cls (1), .txt (1)", source.LeftOut);
    }

    [Fact]
    public void One_image_without_a_label_makes_the_whole_set_unlabelled()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.WriteTar("one.tar", [("1.png", Pictures[0].Png()), ("1.cls", Text("3")), ("2.png", Pictures[1].Png())]));
        Assert.Null(source.LabelNames);
        Assert.Equal([-1, -1], source.Labels());
        Assert.Equal("1 of its 2 images has no label: 2.png. Add a .cls beside each, or take them out.", source.WhyUnlabelled);
    }

    [Fact]
    public void Missing_shards_are_all_named_and_a_wrong_range_is_refused()
    {
        using var folder = new TemporaryFolder();
        folder.WriteTar("s-1.tar", [("1.png", Pictures[0].Png())]);
        Assert.Equal(
            $"2 of the 3 shards of '{folder.File("s-{0..2}.tar")}' are missing: {folder.File("s-0.tar")}, {folder.File("s-2.tar")}. Correct the range, or download them.",
            SourceContents.Refusal(folder.File("s-{0..2}.tar")));
        Assert.Equal($"The range in '{folder.File("s-{2..1}.tar")}' runs backwards. Write {{1..2}}.", SourceContents.Refusal(folder.File("s-{2..1}.tar")));
        Assert.EndsWith("names too many files. Expected a range of at most 100,000 numbers.", SourceContents.Refusal(folder.File("s-{0..100000}.tar")), StringComparison.Ordinal);
        Assert.EndsWith("holds 2 ranges. Expected one.", SourceContents.Refusal(folder.File("s{0..1}/s-{0..1}.tar")), StringComparison.Ordinal);
        using IImageSource one = ImageSource.Open(folder.File("s-{1..1}.tar"));
        Assert.Equal(["1.png"], one.Names());
    }

    [Fact]
    public void Descriptions_without_labels_leave_the_folders_as_classes()
    {
        using var folder = new TemporaryFolder();
        using IImageSource source = ImageSource.Open(folder.WriteTar("photos.tar",
            [("cats/1.png", Pictures[0].Png()), ("cats/1.json", Text("""{"camera": "x"}""")), ("dogs/2.png", Pictures[1].Png()), ("annotations.json", Text("no JSON")), ("dogs/._2.json", Text("no JSON"))]));
        Assert.Equal(["cats", "dogs"], source.LabelNames);
        using IImageSource labelled = ImageSource.Open(folder.WriteTar("labelled.tar", [("1.png", Pictures[0].Png()), ("1.cls", Text("3")), ("annotations.json", Text("no JSON"))]));
        Assert.Equal([3], labelled.Labels());
    }

    [Fact]
    public void Shards_of_several_folders_give_their_images_different_names()
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 2; i++)
            folder.WriteTar($"part-{i}/train.tar", [("1.png", Pictures[i].Png())]);
        using IImageSource source = ImageSource.Open(folder.File("part-{0..1}/train.tar"));
        Assert.Equal(["part-0/train.tar/1.png", "part-1/train.tar/1.png"], source.Names());
    }

    [Fact]
    public void Labels_that_cannot_be_read_are_told()
    {
        using var folder = new TemporaryFolder();
        string path = folder.WriteTar("bad.tar", [("1.png", Pictures[0].Png()), ("1.json", Text("{label"))]);
        Assert.StartsWith($"'{path}' holds '1.json', which is not JSON: ", SourceContents.Refusal(path), StringComparison.Ordinal);
        folder.WriteTar("bad.tar", [("1.png", Pictures[0].Png()), ("1.cls", Text("1234567890"))]);
        Assert.Equal($"'{path}' has the label 1234567890, the limit is 99,999. Number the classes from 0, or write their names.", SourceContents.Refusal(path));
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}
