using System.Runtime.Intrinsics;

namespace Diptych.Models;

/// <summary>How the values of a row are read and written: two vectors of float32 at a time, whose entries may lie in another order than the row's columns.</summary>
internal unsafe interface IRowValues
{
    /// <summary>Bytes of a value.</summary>
    static abstract int Size { get; }

    /// <summary>The column of an entry, of the entries of all vectors of a row.</summary>
    static abstract int Column(int entry);

    /// <summary>Reads the 2 · <see cref="Vector256{T}.Count"/> values at an address.</summary>
    static abstract (Vector256<float> First, Vector256<float> Second) Load(byte* values);

    /// <summary>Writes them, each rounded to the nearest.</summary>
    static abstract void Store(byte* values, Vector256<float> first, Vector256<float> second);
}
