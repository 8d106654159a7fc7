namespace Diptych.Data;

/// <summary>Says which part of an image is needed as soon as its size is known, and before its pixels are decoded.</summary>
public interface IRegionChoice
{
    /// <summary>The part that is needed.</summary>
    /// <param name="width">Columns of the whole image.</param>
    /// <param name="height">Rows of the whole image.</param>
    /// <returns>A region within the image; the pixels outside it may be left undefined.</returns>
    ImageRegion Choose(int width, int height);
}
