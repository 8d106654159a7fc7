using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class FolderListingTests
{
    private static readonly DateTime LongAgo = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void A_kept_listing_is_used_until_a_folder_changes()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in (string[])["b/2.png", "b/10.png", "a-/3.png", "a/x/4.png", "a/notes.txt"])
            folder.Write($"set/{name}", 1);
        string[] expected = ["a-/3.png", "a/x/4.png", "b/10.png", "b/2.png"];
        SetTimes(folder);
        Assert.Equal(expected, Read(folder));
        string kept = Assert.Single(Directory.GetFiles(folder.File("store")));

        // A mark in the kept listing shows whether it was read.
        File.WriteAllText(kept, File.ReadAllText(kept).Replace("10.png", "11.png", StringComparison.Ordinal));
        Assert.Contains("b/11.png", Read(folder));
        folder.Write("set/a/x/5.png", 1);
        Assert.Equal(["a-/3.png", "a/x/4.png", "a/x/5.png", "b/10.png", "b/2.png"], Read(folder));
    }

    [Fact]
    public void What_was_left_out_is_kept_too_and_hidden_folders_are_not_walked()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in (string[])["1.png", "2.gif", "a/3.GIF", "a/4", "a/._1.png", ".trash/5.png"])
            folder.Write($"set/{name}", 1);
        SetTimes(folder);
        for (int time = 0; time < 2; time++)
        {
            Assert.Equal(["1.png"], FolderListing.Read(folder.File("set"), folder.File("store"), 1, out ImageNames found));
            Assert.Equal(".gif (2), hidden (1), no extension (1)", found.DescribeOthers());
            folder.Write("set/.trash/6.png", 1); // no reason to list again
        }
    }

    [Fact]
    public void Where_a_listing_cannot_be_kept_the_images_are_found_all_the_same()
    {
        using var folder = new TemporaryFolder();
        folder.Write("set/1.png", 1);
        folder.Write("no-folder", 1);
        SetTimes(folder);
        Assert.Equal(["1.png"], FolderListing.Read(folder.File("set"), folder.File("no-folder/store"), 1, out _));
    }

    [Fact]
    public void Links_are_followed_but_not_in_circles()
    {
        using var folder = new TemporaryFolder();
        folder.Write("elsewhere/3.png", 1);
        folder.Write("set/a/1.png", 1);
        folder.Write("set/b/2.png", 1);
        foreach (var (link, target) in ((string, string)[])[("set/a/up", ".."), ("set/here", "."), ("set/b/across", "../a"), ("set/a/across", "../b"), ("set/out", "../elsewhere")])
            Directory.CreateSymbolicLink(folder.File(link), target);
        Assert.Equal(["a/1.png", "a/across/2.png", "b/2.png", "b/across/1.png", "out/3.png"], Read(folder));
    }

    [Fact]
    public void A_link_to_above_the_folder_is_not_followed()
    {
        using var folder = new TemporaryFolder();
        folder.Write("out/other.png", 1);
        folder.Write("out/set/a/1.png", 1);
        Directory.CreateSymbolicLink(folder.File("out/set/a/up"), "../..");
        Directory.CreateSymbolicLink(folder.File("set"), "out/set");
        Assert.Equal(["a/1.png"], Read(folder));
    }

    [Fact]
    public void Folders_are_walked_however_deep()
    {
        using var folder = new TemporaryFolder();
        string deep = string.Concat(Enumerable.Repeat("d/", 60)) + "1.png";
        folder.Write($"set/{deep}", 1);
        Assert.Equal([deep], Read(folder));
    }

    [Fact]
    public void A_folder_that_changed_a_moment_ago_is_not_kept()
    {
        using var folder = new TemporaryFolder();
        folder.Write("set/1.png", 1);
        Assert.Equal(["1.png"], Read(folder));
        Assert.False(Directory.Exists(folder.File("store")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("diptych listing 2\n")]
    [InlineData("diptych listing 2\nROOT\n-3\n")]
    [InlineData("diptych listing 2\nROOT\n0\n0\n5\na.png\n")]
    [InlineData("diptych listing 2\nROOT\n0\n0\n1\na.png\nb.png\n")]
    [InlineData("diptych listing 2\nROOT\n0\n1\n.txt\n")]
    [InlineData("diptych listing 2\n/elsewhere\n0\n0\n1\na.png\n")]
    public void A_damaged_listing_is_made_again(string text)
    {
        using var folder = new TemporaryFolder();
        folder.Write("set/1.png", 1);
        SetTimes(folder);
        Read(folder);
        string kept = Assert.Single(Directory.GetFiles(folder.File("store")));
        File.WriteAllText(kept, text.Replace("ROOT", folder.File("set"), StringComparison.Ordinal));
        Assert.Equal(["1.png"], Read(folder));
    }

    [Fact]
    public void Small_folders_are_not_kept()
    {
        using var folder = new TemporaryFolder();
        folder.Write("set/1.png", 1);
        SetTimes(folder);
        FolderListing.Read(folder.File("set"), folder.File("store"), keptFrom: 2, out _);
        Assert.False(Directory.Exists(folder.File("store")));
    }

    private static string[] Read(TemporaryFolder folder) => FolderListing.Read(folder.File("set"), folder.File("store"), keptFrom: 1, out _);

    private static void SetTimes(TemporaryFolder folder)
    {
        foreach (string each in Directory.GetDirectories(folder.File("set"), "*", SearchOption.AllDirectories).Append(folder.File("set")))
            Directory.SetLastWriteTimeUtc(each, LongAgo);
    }
}
