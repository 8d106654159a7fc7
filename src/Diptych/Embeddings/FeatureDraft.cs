using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Diptych.Embeddings;

/// <summary>Rows computed so far, in a file beside the one that is wanted: a computation that was cut goes on from there.</summary>
/// <remarks>Layout: 32 bytes that say what the rows are of, then float32 rows. Only whole rows count.</remarks>
internal sealed class FeatureDraft : IDisposable
{
    private const int Seal = 32;
    private readonly FileStream _file;
    private readonly int _rowBytes;

    private FeatureDraft(FileStream file, int length) => (_file, _rowBytes) = (file, length * sizeof(float));

    /// <summary>Rows that are there.</summary>
    public int Count => (int)((_file.Length - Seal) / _rowBytes);

    /// <summary>Opens what a computation of the same rows left, or begins anew.</summary>
    /// <param name="path">The file.</param>
    /// <param name="identity">All that decides the values.</param>
    /// <param name="length">Values in a row.</param>
    /// <param name="multiple">Rows are kept in multiples of this, so that they are computed in the same batches as without a cut.</param>
    /// <exception cref="IOException">It cannot be written, or another process is writing it.</exception>
    public static FeatureDraft Open(string path, string identity, int length, int multiple)
    {
        byte[] seal = SHA256.HashData(Encoding.UTF8.GetBytes(identity));
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        byte[] found = new byte[Seal];
        bool isOurs = file.Length >= Seal && file.ReadAtLeast(found, Seal) == Seal && found.AsSpan().SequenceEqual(seal);
        var draft = new FeatureDraft(file, length);
        if (isOurs)
        {
            file.SetLength(Seal + (long)(draft.Count / multiple * multiple) * draft._rowBytes);
        }
        else
        {
            file.SetLength(0);
            file.Write(seal);
        }
        return draft;
    }

    /// <summary>Adds rows.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Add(ReadOnlySpan<float> rows)
    {
        _file.Position = _file.Length;
        _file.Write(MemoryMarshal.AsBytes(rows));
    }

    /// <summary>Reads whole rows.</summary>
    /// <param name="first">Index of the first.</param>
    /// <param name="destination">Room for as many as are wanted.</param>
    public void Read(int first, Span<float> destination)
    {
        _file.Position = Seal + (long)first * _rowBytes;
        _file.ReadExactly(MemoryMarshal.AsBytes(destination));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
