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
        string kept = Assert.Single(Directory.GetFiles(folder.At("store")));

        // A mark in the kept listing shows whether it was read.
        File.WriteAllText(kept, File.ReadAllText(kept).Replace("10.png", "11.png", StringComparison.Ordinal));
        Assert.Contains("b/11.png", Read(folder));
        folder.Write("set/a/x/5.png", 1);
        Assert.Equal(["a-/3.png", "a/x/4.png", "a/x/5.png", "b/10.png", "b/2.png"], Read(folder));
    }

    [Fact]
    public void Links_are_followed_but_not_in_circles()
    {
        using var folder = new TemporaryFolder();
        folder.Write("elsewhere/3.png", 1);
        folder.Write("set/a/1.png", 1);
        folder.Write("set/b/2.png", 1);
        foreach (var (link, target) in ((string, string)[])[("set/a/up", ".."), ("set/here", "."), ("set/b/across", "../a"), ("set/a/across", "../b"), ("set/out", "../elsewhere")])
            Directory.CreateSymbolicLink(folder.At(link), target);
        Assert.Equal(["a/1.png", "a/across/2.png", "b/2.png", "b/across/1.png", "out/3.png"], Read(folder));
    }

    [Fact]
    public void A_folder_that_changed_a_moment_ago_is_not_kept()
    {
        using var folder = new TemporaryFolder();
        folder.Write("set/1.png", 1);
        Assert.Equal(["1.png"], Read(folder));
        Assert.False(Directory.Exists(folder.At("store")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("diptych listing 1\n")]
    [InlineData("diptych listing 1\nROOT\n-3\n")]
    [InlineData("diptych listing 1\nROOT\n0\n5\na.png\n")]
    [InlineData("diptych listing 1\nROOT\n0\n1\na.png\nb.png\n")]
    [InlineData("diptych listing 1\n/elsewhere\n0\n1\na.png\n")]
    public void A_damaged_listing_is_made_again(string text)
    {
        using var folder = new TemporaryFolder();
        folder.Write("set/1.png", 1);
        SetTimes(folder);
        Read(folder);
        string kept = Assert.Single(Directory.GetFiles(folder.At("store")));
        File.WriteAllText(kept, text.Replace("ROOT", folder.At("set"), StringComparison.Ordinal));
        Assert.Equal(["1.png"], Read(folder));
    }

    [Fact]
    public void Small_folders_are_not_kept()
    {
        using var folder = new TemporaryFolder();
        folder.Write("set/1.png", 1);
        SetTimes(folder);
        FolderListing.Read(folder.At("set"), folder.At("store"), keptFrom: 2, out _);
        Assert.False(Directory.Exists(folder.At("store")));
    }

    private static string[] Read(TemporaryFolder folder) => FolderListing.Read(folder.At("set"), folder.At("store"), keptFrom: 1, out _);

    private static void SetTimes(TemporaryFolder folder)
    {
        foreach (string each in Directory.GetDirectories(folder.At("set"), "*", SearchOption.AllDirectories).Append(folder.At("set")))
            Directory.SetLastWriteTimeUtc(each, LongAgo);
    }
}
