using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>A box of three rows, and of the two beyond them by their share.</summary>
internal struct FiveRows : IBoxWindow
{
    private Vector<int> _row0, _row1, _row2, _row3;

    public static int Reach => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fill(Vector<int> row) => _row0 = _row1 = _row2 = _row3 = row;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<int> Next(Vector<int> row, Vector<int> inner, Vector<int> outer)
    {
        Vector<int> blurred = BoxSweep.Weigh(_row1 + _row2 + _row3, _row0 + row, inner, outer);
        (_row0, _row1, _row2, _row3) = (_row1, _row2, _row3, row);
        return blurred;
    }
}
