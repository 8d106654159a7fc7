using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class ImageSourceTests
{
    private const string Kinds = "a folder of images, a .tar or .tar.gz of them, shards (train-{000..127}.tar), CIFAR-10, CIFAR-100 or STL-10 .bin files, idx files (images-idx3-ubyte), a packed file, or one image.";

    [Fact]
    public void A_missing_path_suggests_what_is_spelled_nearly_the_same()
    {
        using var folder = new TemporaryFolder();
        folder.Write("photos/train/a.png", 1);
        Assert.Equal(
            $"There is no file or folder '{folder.File("photoz")}'. Did you mean '{folder.File("photos")}'? Expected {Kinds}", SourceContents.Refusal(folder.File("photoz")));
        Assert.Contains($"Did you mean '{folder.File("photos/train")}'?", SourceContents.Refusal(folder.File("Phtoos/train")), StringComparison.Ordinal);
        Assert.Contains($"Did you mean '{folder.File("photos/train")}'?", SourceContents.Refusal(folder.File("photos/trian/")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_path_says_which_part_is_missing()
    {
        using var folder = new TemporaryFolder();
        folder.Write("photos/a.png", 1);
        string path = folder.File("elsewhere/train");
        Assert.Equal($"There is no file or folder '{path}'. '{folder.Path}' holds no 'elsewhere'. Expected {Kinds}", SourceContents.Refusal(path));
        Assert.Equal($"There is no file or folder '{folder.File("dogs")}'. Expected {Kinds}", SourceContents.Refusal(folder.File("dogs")));
        Assert.StartsWith("There is no file or folder ''.", SourceContents.Refusal(""), StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_folder_says_so()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(
            $"Folder '{folder.Path}' is empty. Expected images (.jpg, .jpeg, .jfif, .png, .webp, .bmp), in one folder or one folder a class.", SourceContents.Refusal(folder.Path));
    }

    [Fact]
    public void A_folder_without_images_says_what_was_looked_for_and_what_was_there()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in (string[])["a.gif", "b.txt", "c/d.TXT", "README"])
            folder.Write(name, 1);
        Assert.Equal(
            $"Folder '{folder.Path}' holds no images. Looked for .jpg, .jpeg, .jfif, .png, .webp, .bmp in it and its folders; " +
            "found 4 other files: .txt (2), .gif (1), no extension (1). Name a folder of images, or the file that holds them.",
            SourceContents.Refusal(folder.Path));
    }

    [Theory]
    [InlineData("", "train", "test")]
    [InlineData("", "train", "val")]
    [InlineData("wrapped/", "Train", "Test")]
    public void Parts_of_a_set_are_not_classes(string wrapper, string train, string other)
    {
        using var folder = new TemporaryFolder();
        folder.Write($"{wrapper}{train}/cats/1.png", new Picture(1).Png());
        folder.Write($"{wrapper}{train}/dogs/1.png", new Picture(1).Png());
        folder.Write($"{wrapper}{other}/cats/1.png", new Picture(1).Png());
        string[] parts = ((string[])[train, other]).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(
            $"Folder '{folder.Path}' holds '{parts[0]}' and '{parts[1]}', which are parts of a set, not classes. " +
            $"Name one of them: {folder.Path}/{wrapper}{parts[0]} or {folder.Path}/{wrapper}{parts[1]}.",
            SourceContents.Refusal(folder.Path));
        using IImageSource source = ImageSource.Open(folder.File(wrapper + train));
        Assert.Equal(["cats", "dogs"], source.LabelNames!);
    }

    [Fact]
    public void A_file_of_another_kind_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("set.parquet", 1);
        Assert.Equal($"'{path}' is not a set of images that can be told by its name. Expected {Kinds}", SourceContents.Refusal(path));
    }

    [Fact]
    public void A_bad_image_is_named_with_its_number_and_the_reason()
    {
        using var folder = new TemporaryFolder();
        folder.Write("photos/a.png", new Picture(1).Png());
        folder.WriteText("photos/cat.jpg", "A text file.");
        using IImageSource source = ImageSource.Open(folder.File("photos"));
        var fault = Assert.Throws<UnreadableImageException>(() => source.Image(1));
        Assert.Equal("cat.jpg (2 of 2) is not a readable image: not a JPEG, PNG, WebP or BMP image. Remove it, or pass --skip-unreadable.", fault.Message);
        Assert.Equal(("cat.jpg", 1), (fault.Name, fault.Index));
    }

    [Fact]
    public void An_image_that_went_away_is_unreadable()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("photos/a.png", new Picture(1).Png());
        using IImageSource source = ImageSource.Open(folder.File("photos"));
        File.Delete(path);
        Assert.Equal($"Could not find file '{path}'", Assert.Throws<UnreadableImageException>(() => source.Image(0)).Reason);
    }
}
