using System.Numerics;

namespace Diptych.Views.Kernels;

/// <summary>An operation that changes each pixel by itself, written once for any vector width.</summary>
internal interface IPixelMap
{
    /// <summary>Maps one pixel a lane: red in the low byte, then green, blue and 255.</summary>
    Vector<uint> Map(Vector<uint> pixels);
}
