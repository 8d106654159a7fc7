using Diptych.Data;
using Diptych.Views;

namespace Diptych.Reports;

/// <summary>Many small pictures in few JPEG files: a page that shows thousands stays small.</summary>
/// <param name="Size">Side of a picture, in pixels.</param>
/// <param name="Columns">Pictures in a row, and rows in a file.</param>
/// <param name="Files">The files; picture i is in file i / Columns².</param>
internal sealed record Thumbnails(int Size, int Columns, IReadOnlyList<byte[]> Files)
{
    private const int PerSide = 50, Quality = 75, Large = 64, Small = 32, MostLarge = 2500;

    /// <summary>Draws every image of a source, whole, in its own proportions.</summary>
    public static Thumbnails Of(IImageSource source)
    {
        int size = source.Count <= MostLarge ? Large : Small, side = PerSide * size;
        var files = new List<byte[]>();
        var renderer = new ViewRenderer();
        var decoded = new ImageBuffer();
        for (int first = 0; first < source.Count; first += PerSide * PerSide)
        {
            int count = Math.Min(PerSide * PerSide, source.Count - first), height = (count + PerSide - 1) / PerSide * size;
            byte[] sheet = new byte[side * height * 4];
            sheet.AsSpan().Fill(255);
            for (int i = 0; i < count; i++)
            {
                source.Decode(first + i, decoded);
                ContactSheet.DrawWhole(renderer, decoded, size, sheet, side, i % PerSide * size, i / PerSide * size);
            }
            files.Add(JpegFile.Encode(sheet, side, height, Quality));
        }
        return new Thumbnails(size, PerSide, files);
    }
}
