namespace Diptych.Views.Kernels;

/// <summary>An operation that changes each value by itself, whatever its colour, written once for any vector width.</summary>
internal unsafe interface IValueMap
{
    /// <summary>Maps a vector of values in place.</summary>
    void Map(byte* values);
}
