using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Diptych.Data;
using Diptych.Views;

namespace Diptych.Tests.Views;

public sealed class NeededRegionTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(53 * 4 * 30 * 30)]
    [InlineData(1L << 30)]
    public void Pixels_that_are_not_asked_for_change_no_view(long keepDecoded)
    {
        var recipe = ViewRecipe.Named("satellite", size: 16);
        var options = new ViewLoaderOptions { BatchSize = 8, Workers = 2, KeepDecoded = keepDecoded };
        using var whole = new PixelSource(53);
        using var part = new SpoiledSource(whole);
        Assert.Equal(Read(whole, recipe, options), Read(part, recipe, options));
        Assert.True(part.Spoiled > 0 == keepDecoded < 1L << 30, $"{part.Spoiled} pixels were spoiled");
    }

    private static string[] Read(IImageSource source, ViewRecipe recipe, ViewLoaderOptions options)
    {
        using var loader = new ViewLoader(source, recipe, options);
        int[] order = [.. Enumerable.Range(0, 48)];
        return [.. Enumerable.Range(0, 2).SelectMany(epoch => loader.ReadEpoch(epoch, order).Select(Hash)), .. loader.ReadWhole().Select(Hash)];
    }

    private static string Hash(ViewBatch batch) => Convert.ToHexString(SHA256.HashData(batch.Pixels.AsSpan(0, batch.Length)));

    /// <summary>Spoils every pixel that was not asked for.</summary>
    private sealed class SpoiledSource(IImageSource source) : IImageSource
    {
        private int _spoiled;

        public int Spoiled => _spoiled;

        public string Description => source.Description;

        public int Count => source.Count;

        public IReadOnlyList<string>? LabelNames => source.LabelNames;

        public string GetName(int index) => source.GetName(index);

        public int GetLabel(int index) => source.GetLabel(index);

        public void Decode(int index, ImageBuffer destination) => source.Decode(index, destination);

        public void Decode(int index, ImageBuffer destination, IRegionChoice needed)
        {
            source.Decode(index, destination);
            var (left, top, width, height) = needed.Choose(destination.Width, destination.Height);
            Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(destination.Pixels);
            for (int at = 0; at < pixels.Length; at++)
            {
                int x = at % destination.Width - left, y = at / destination.Width - top;
                if (x >= 0 && x < width && y >= 0 && y < height)
                    continue;
                pixels[at] = 0xFFAB12CD;
                Interlocked.Increment(ref _spoiled);
            }
        }

        public void Dispose() { }
    }
}
