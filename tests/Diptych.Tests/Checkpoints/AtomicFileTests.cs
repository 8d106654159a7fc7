using Diptych.Checkpoints;

namespace Diptych.Tests.Checkpoints;

public sealed class AtomicFileTests
{
    [Fact]
    public void Replaces_the_old_file_whole()
    {
        using var folder = new TemporaryFolder();
        AtomicFile.WriteText(folder.File("a"), "old");
        AtomicFile.WriteText(folder.File("a"), "new");
        Assert.Equal("new", File.ReadAllText(folder.File("a")));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_failure_midway_keeps_the_old_file_and_leaves_no_other()
    {
        using var folder = new TemporaryFolder();
        AtomicFile.WriteText(folder.File("a"), "old");
        Assert.Throws<IOException>(() => AtomicFile.Write(folder.File("a"), stream =>
        {
            stream.WriteByte(1);
            throw new IOException("No space left on device");
        }));
        Assert.Equal("old", File.ReadAllText(folder.File("a")));
        Assert.Single(Directory.GetFiles(folder.Path));
    }
}
