using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class FolderSourceTests
{
    [Fact]
    public void Class_folders_give_labels_and_every_format_its_exact_pixels()
    {
        using var folder = new TemporaryFolder();
        Picture[] pictures = [new(1), new(2), new(3, 1, 1), new(4, 64, 3)];
        folder.Write("dogs/b.PNG", pictures[3].Png());
        folder.Write("dogs/deep/er/a.bmp", pictures[2].Bmp());
        folder.Write("cats/2.png", pictures[1].Png());
        folder.Write("cats/10.Bmp", pictures[0].Bmp());
        folder.WriteText("cats/notes.txt", "not an image");

        using IImageSource source = ImageSource.Open(folder.Path);
        Assert.Equal(["cats/10.Bmp", "cats/2.png", "dogs/b.PNG", "dogs/deep/er/a.bmp"], source.Names());
        Assert.Equal(["cats", "dogs"], source.LabelNames!);
        Assert.Equal([0, 0, 1, 1], source.Labels());
        Assert.Equal(folder.Path, source.Description);
        var buffer = new ImageBuffer();
        foreach (var (index, picture) in ((int, Picture)[])[(0, pictures[0]), (1, pictures[1]), (2, pictures[3]), (3, pictures[2])])
        {
            source.Decode(index, buffer);
            picture.AssertIs(buffer);
        }
    }

    [Fact]
    public void Flat_images_have_no_labels()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in (string[])["b.jpg", "a.jpeg", "c.webp"])
            folder.Write(name, name.EndsWith("webp", StringComparison.Ordinal) ? new Picture(1).WebP() : new Picture(1).Jpeg());
        using IImageSource source = ImageSource.Open(folder.Path);
        Assert.Equal(["a.jpeg", "b.jpg", "c.webp"], source.Names());
        Assert.Null(source.LabelNames);
        Assert.Equal([-1, -1, -1], source.Labels());
        Assert.Equal((13, 7), (source.Image(2).Width, source.Image(2).Height));
    }

    [Fact]
    public void Images_beside_folders_make_the_whole_set_unlabelled()
    {
        using var folder = Write("a.png", "cats/1.png", "dogs/1.png");
        using IImageSource source = ImageSource.Open(folder.Path);
        Assert.Equal(["a.png", "cats/1.png", "dogs/1.png"], source.Names());
        Assert.Null(source.LabelNames);
    }

    [Fact]
    public void One_folder_around_everything_is_no_class()
    {
        using var flat = Write("all/1.png", "all/2.png");
        using var classes = Write("all/cats/1.png", "all/dogs/1.png");
        using IImageSource unlabelled = ImageSource.Open(flat.Path), labelled = ImageSource.Open(classes.Path);
        Assert.Null(unlabelled.LabelNames);
        Assert.Equal(["all/1.png", "all/2.png"], unlabelled.Names());
        Assert.Equal(["cats", "dogs"], labelled.LabelNames!);
        Assert.Equal([0, 1], labelled.Labels());
    }

    [Fact]
    public void Classes_whose_names_begin_alike_are_told_apart()
    {
        using var folder = Write("car/1.png", "car-old/1.png", "carpet/1.png");
        using IImageSource source = ImageSource.Open(folder.Path);
        Assert.Equal(["car", "car-old", "carpet"], source.LabelNames!);
        Assert.Equal(["car-old/1.png", "car/1.png", "carpet/1.png"], source.Names());
        Assert.Equal([1, 0, 2], source.Labels());
    }

    [Fact]
    public void Hidden_files_and_those_macOS_adds_are_left_out()
    {
        using var folder = Write("cats/1.png", "cats/._1.png", "dogs/1.png", ".cache/1.png", "__MACOSX/cats/1.png");
        using IImageSource source = ImageSource.Open(folder.Path);
        Assert.Equal(["cats/1.png", "dogs/1.png"], source.Names());
        Assert.Equal(["cats", "dogs"], source.LabelNames!);
    }

    [Fact]
    public void The_order_of_writing_changes_nothing()
    {
        string[] names = Enumerable.Range(0, 60).Select(i => $"class{i % 7}/{i}.png").ToArray();
        using var forwards = Write(names);
        using var backwards = Write(names.Reverse().ToArray());
        using IImageSource first = ImageSource.Open(forwards.Path), second = ImageSource.Open(backwards.Path);
        Assert.Equal(names.Order(StringComparer.Ordinal), first.Names());
        Assert.Equal(first.Names(), second.Names());
        Assert.Equal(first.Labels(), second.Labels());
    }

    [Fact]
    public void One_image_is_a_source_of_one()
    {
        using var folder = new TemporaryFolder();
        var picture = new Picture(5);
        using IImageSource source = ImageSource.Open(folder.Write("photo.png", picture.Png()));
        Assert.Equal(["photo.png"], source.Names());
        Assert.Equal(-1, source.GetLabel(0));
        Assert.Equal(picture.Pixels, source.Image(0).Pixels);
    }

    [Fact]
    public void Reading_from_many_threads_gives_what_one_thread_reads()
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 40; i++)
            folder.Write($"{i}.jpg", new Picture(i, 20 + i, 50 - i).Jpeg());
        using IImageSource source = ImageSource.Open(folder.Path);
        byte[][] serial = Enumerable.Range(0, 40).Select(i => source.Image(i).Pixels).ToArray();
        Parallel.For(0, 400, new() { MaxDegreeOfParallelism = 8 }, i => Assert.Equal(serial[i % 40], source.Image(i % 40).Pixels));
    }

    private static TemporaryFolder Write(params string[] names)
    {
        var folder = new TemporaryFolder();
        foreach (string name in names)
            folder.Write(name, new Picture(name.Length).Png());
        return folder;
    }
}
