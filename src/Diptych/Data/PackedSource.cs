using System.IO.MemoryMappedFiles;

namespace Diptych.Data;

/// <summary>Images in a packed file, mapped into memory. Each image's check sum is verified when it is first read.</summary>
internal sealed unsafe class PackedSource : IImageSource
{
    private readonly FileStream _file;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly PackedEntry[] _entries;
    private readonly string[] _names;
    private readonly bool[] _isVerified;
    private readonly bool _isRaw;
    private bool _isDisposed;

    private PackedSource(string path, FileStream file, MemoryMappedFile map, MemoryMappedViewAccessor view, byte* start)
    {
        (Description, _file, _map, _view) = (path, file, map, view);
        _start = start;
        PackedIndex index = PackedIndex.Read(path, start, file.Length);
        StoredAs = $"packed {(index.IsRaw ? "raw" : "as JPEG")}, shorter side at most {index.Size:N0} pixels";
        (_isRaw, _entries, _names, LabelNames, _isVerified) = (index.IsRaw, index.Entries, index.Names, index.LabelNames, new bool[index.Entries.Length]);
    }

    public string Description { get; }

    public string StoredAs { get; }

    public int Count => _entries.Length;

    public IReadOnlyList<string>? LabelNames { get; }

    /// <summary>Whether a file begins as packed files do.</summary>
    public static bool IsPacked(string path)
    {
        using var handle = File.OpenHandle(path);
        Span<byte> start = stackalloc byte[PackedFormat.Magic.Length];
        return RandomAccess.Read(handle, start, 0) == start.Length && start.SequenceEqual(PackedFormat.Magic);
    }

    public static PackedSource Open(string path)
    {
        FileStream file = File.OpenRead(path);
        var map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        MemoryMappedViewAccessor view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            return new(path, file, map, view, start + view.PointerOffset);
        }
        catch
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
            map.Dispose();
            throw;
        }
    }

    public string GetName(int index) => _names[index];

    public int GetLabel(int index) => _entries[index].Label;

    public void Decode(int index, ImageBuffer destination) => Decode(index, destination, null);

    void IImageSource.Decode(int index, ImageBuffer destination, IRegionChoice needed) => Decode(index, destination, needed);

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private void Decode(int index, ImageBuffer destination, IRegionChoice? needed)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        PackedEntry entry = _entries[index];
        if (RandomAccess.GetLength(_file.SafeFileHandle) < entry.Offset + entry.Length) // what is mapped but no longer there must not be touched
            throw Unreadable(index, "the file has become shorter");
        var bytes = new ReadOnlySpan<byte>(_start + entry.Offset, entry.Length);
        if (!Volatile.Read(ref _isVerified[index]))
        {
            if (PackedFormat.Checksum(bytes) != entry.Checksum)
                throw Unreadable(index, "its check sum is wrong; pack it again");
            Volatile.Write(ref _isVerified[index], true);
        }
        if (_isRaw)
            RawPixels.Expand(bytes, entry.Width, entry.Height, destination, needed);
        else if (ImageDecoder.Decode(bytes, destination, appliesOrientation: false, needed) is { } reason)
            throw Unreadable(index, reason);
        else if ((destination.Width, destination.Height) != (entry.Width, entry.Height))
            throw Unreadable(index, $"it has {destination.Width:N0} × {destination.Height:N0} pixels, but the index says {entry.Width:N0} × {entry.Height:N0}");
    }

    private UnreadableImageException Unreadable(int index, string reason) => new(_names[index], index, Count, reason);
}
