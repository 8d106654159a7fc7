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
    /// <param name="path">Where to; an existing file is replaced.</param>
    /// <param name="write">Writes the contents.</param>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string aside = path + Aside;
        try
        {
            using (var stream = new FileStream(aside, FileMode.Create, FileAccess.Write, FileShare.None))
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
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
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

    // .NET refuses to open folders, so the three calls go to the C library.
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
