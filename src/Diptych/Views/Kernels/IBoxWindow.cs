using System.Numerics;

namespace Diptych.Views.Kernels;

/// <summary>The last rows that a box filter has seen, one vector of a column each.</summary>
internal interface IBoxWindow
{
    /// <summary>Rows on either side of the middle one.</summary>
    static abstract int Reach { get; }

    /// <summary>Begins with the image's first row, repeated before it.</summary>
    void Fill(Vector<int> row);

    /// <summary>Takes the next row and gives the blurred one <see cref="Reach"/> rows before it.</summary>
    Vector<int> Next(Vector<int> row, Vector<int> inner, Vector<int> outer);
}
