using System.Buffers;

namespace Diptych.Data;

/// <summary>Encoded images (JPEG, PNG, WebP, BMP) with names; where their bytes lie is up to the derived class.</summary>
internal abstract class EncodedSource(string description, ImageTree tree, bool appliesOrientation) : IImageSource
{
    private const long MaximumFileLength = 1 << 30;

    public string Description => description;

    public int Count => tree.Names.Length;

    public IReadOnlyList<string>? LabelNames => tree.LabelNames;

    public string? WhyUnlabelled => tree.WhyUnlabelled;

    public bool AppliesOrientation => appliesOrientation;

    public string? LeftOut => tree.LeftOut;

    public string GetName(int index) => tree.Names[index];

    public int GetLabel(int index) => tree.Labels?[index] ?? -1;

    public void Decode(int index, ImageBuffer destination) => Decode(index, destination, null);

    void IImageSource.Decode(int index, ImageBuffer destination, IRegionChoice needed) => Decode(index, destination, needed);

    public abstract void Dispose();

    /// <summary>The image's encoded bytes, in an array rented from the shared pool.</summary>
    /// <exception cref="IOException">They cannot be read; the message says why.</exception>
    protected abstract byte[] Read(int index, out int length);

    /// <summary>Rents an array and fills it from a file.</summary>
    protected static byte[] ReadAt(Microsoft.Win32.SafeHandles.SafeFileHandle handle, long offset, long length)
    {
        if (length > MaximumFileLength)
            throw new IOException($"its file has {length:N0} bytes, the limit is {MaximumFileLength:N0}");
        byte[] bytes = ArrayPool<byte>.Shared.Rent((int)length);
        for (int done = 0; done < length;)
        {
            int read = RandomAccess.Read(handle, bytes.AsSpan(done, (int)length - done), offset + done);
            if (read == 0)
                throw new EndOfStreamException($"the file ends at byte {offset + done:N0}, expected {offset + length:N0}");
            done += read;
        }
        return bytes;
    }

    private void Decode(int index, ImageBuffer destination, IRegionChoice? needed)
    {
        ArgumentNullException.ThrowIfNull(destination);
        string name = GetName(index);
        byte[]? file = null;
        try
        {
            file = Read(index, out int length);
            if (ImageDecoder.Decode(file.AsSpan(0, length), destination, appliesOrientation, needed) is { } reason)
                throw new UnreadableImageException(name, index, Count, reason);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // What .NET cannot decode of a name it replaces, and then finds no such file.
            throw name.Contains('\uFFFD') && fault is FileNotFoundException
                ? new UnreadableImageException(name, index, Count, "its name is not UTF-8", "Rename it, or pass --skip-unreadable.", fault)
                : new UnreadableImageException(name, index, Count, fault.Message.TrimEnd('.'), innerException: fault);
        }
        finally
        {
            if (file is not null)
                ArrayPool<byte>.Shared.Return(file);
        }
    }
}
