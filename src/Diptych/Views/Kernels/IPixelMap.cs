namespace Diptych.Views.Kernels;

/// <summary>An operation that changes each pixel by itself, written once for any vector width. It leaves gray as it is.</summary>
internal unsafe interface IPixelMap
{
    /// <summary>Maps pixels in place, and what follows them up to whole vectors.</summary>
    void Map(byte* red, byte* green, byte* blue, int length);
}
