using System.Runtime.InteropServices;

namespace Diptych.Checkpoints;

/// <summary>Files that appear under their name only when they are whole and on the disk.</summary>
public static partial class AtomicFile
{
    /// <summary>What a name ends with while its file or folder is being written.</summary>
    internal const string Aside = ".partial";

    /// <summary>Whether a file or folder is one that a killed process left behind unfinished.</summary>
    /// <param name="path">Its name.</param>
    public static bool IsUnfinished(string path) => path.EndsWith(Aside, StringComparison.Ordinal);

    /// <summary>Writes aside, flushes to the disk, then renames over <paramref name="path"/>. On failure the old file is untouched and nothing is left behind.</summary>
    /// <param name="path">Where to; an existing file is replaced, and where it is a link, what that leads to.</param>
    /// <param name="write">Writes the contents.</param>
    /// <exception cref="IOException">The disk is full, the folder cannot be written, another process is writing the file, or it is a device or a pipe.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        path = PlaceOf(path);
        string aside = path + Aside;
        var stream = new FileStream(aside, FileMode.Create, FileAccess.Write, FileShare.None); // of two writers the second stops here, and what the first has written stays
        try
        {
            using (stream)
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(aside, path, overwrite: true);
        }
        catch
        {
            File.Delete(aside);
            throw;
        }
        FlushFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>Where a file is written: where its path leads, if that is a link.</summary>
    /// <param name="path">Its path.</param>
    /// <exception cref="IOException">A device or a pipe is there.</exception>
    internal static string PlaceOf(string path)
    {
        string place = RealPath.Of(path);
        return OperatingSystem.IsLinux() && IsOfAnotherKind(place) ? throw new IOException($"{place} is a device or a pipe, which a file would replace.") : place;
    }

    /// <summary>Writes text, as <see cref="Write"/> does.</summary>
    /// <param name="path">Where to; an existing file is replaced.</param>
    /// <param name="text">The contents, stored as UTF-8.</param>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Makes renames in a folder survive a power cut. Windows needs and has nothing like it.</summary>
    /// <param name="folder">The folder.</param>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = Open(folder, flags: 0);
        if (descriptor < 0)
            return; // a folder that cannot be opened for reading can still have been written to
        _ = Flush(descriptor);
        _ = Close(descriptor);
    }

    // .NET does not tell. The offset and the numbers: statx(2), inode(7).
    private static bool IsOfAnotherKind(string path)
    {
        const int CurrentFolder = -100, ModeAt = 28, KindMask = 0xF000, File = 0x8000, Folder = 0x4000;
        Span<byte> status = stackalloc byte[256];
        return Status(CurrentFolder, path, flags: 0, mask: 1, status) == 0 && (BitConverter.ToUInt16(status[ModeAt..]) & KindMask) is not (File or Folder);
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Status(int folder, string path, int flags, uint mask, Span<byte> status);

    // .NET refuses to open folders, so the three calls go to the C library.
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
