using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>A box of one row, and of its two neighbours by their share.</summary>
internal struct ThreeRows : IBoxWindow
{
    private Vector<int> _before, _middle;

    public static int Reach => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fill(Vector<int> row) => _before = _middle = row;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<int> Next(Vector<int> row, Vector<int> inner, Vector<int> outer)
    {
        Vector<int> blurred = BoxSweep.Weigh(_middle, _before + row, inner, outer);
        _before = _middle;
        _middle = row;
        return blurred;
    }
}
