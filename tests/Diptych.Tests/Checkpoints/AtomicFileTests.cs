using System.Diagnostics;
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

    [Fact]
    public void Where_a_link_stands_the_file_it_leads_to_is_replaced()
    {
        using var folder = new TemporaryFolder();
        folder.WriteText("elsewhere/target", "old");
        File.CreateSymbolicLink(folder.File("link"), folder.File("elsewhere/target"));
        AtomicFile.WriteText(folder.File("link"), "new");
        Assert.Equal("new", File.ReadAllText(folder.File("elsewhere/target")));
        Assert.Equal(folder.File("elsewhere/target"), new FileInfo(folder.File("link")).LinkTarget);
    }

    [Fact]
    public void A_pipe_is_not_replaced()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells");
        using var folder = new TemporaryFolder();
        Process.Start("mkfifo", folder.File("pipe")).WaitForExit();
        Assert.Equal($"{folder.File("pipe")} is a device or a pipe, which a file would replace.", Assert.Throws<IOException>(() => AtomicFile.WriteText(folder.File("pipe"), "x")).Message);
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Of_two_writers_the_second_stops_and_the_first_writes_to_its_end()
    {
        using var folder = new TemporaryFolder();
        AtomicFile.Write(folder.File("a"), stream =>
        {
            stream.Write("first"u8);
            stream.Flush();
            Assert.ThrowsAny<IOException>(() => AtomicFile.WriteText(folder.File("a"), "second"));
        });
        Assert.Equal("first", File.ReadAllText(folder.File("a")));
    }
}
