using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class JpegStructureTests
{
    private static readonly byte[] Progressive = File.ReadAllBytes(Repository.Image("progressive.jpg"));

    [Fact]
    public void Bytes_after_the_end_do_no_harm()
    {
        byte[] followed = [.. Progressive, .. new byte[100_000]];
        Assert.Null(JpegStructure.FindFault(followed));
        var (plain, padded) = (new ImageBuffer(), new ImageBuffer());
        Assert.Null(ImageDecoder.Decode(Progressive, plain));
        Assert.Null(ImageDecoder.Decode(followed, padded));
        Assert.Equal(plain.Pixels.ToArray(), padded.Pixels.ToArray());
    }

    [Fact]
    public void The_end_of_a_thumbnail_in_a_segment_is_not_the_end_of_the_image()
    {
        byte[] segment = [0xFF, 0xE1, (byte)((Progressive.Length + 2) >> 8), (byte)(Progressive.Length + 2), .. Progressive];
        byte[] whole = [.. Progressive.AsSpan(0, 2), .. segment, .. Progressive.AsSpan(2)];
        Assert.Null(JpegStructure.FindFault(whole));
        Assert.Equal("premature end of JPEG", JpegStructure.FindFault(whole.AsSpan(0, whole.Length - 2)));
    }

    [Fact]
    public void Every_cut_is_seen()
    {
        for (int length = 0; length < Progressive.Length; length++)
            Assert.True(JpegStructure.FindFault(Progressive.AsSpan(0, length)) == "premature end of JPEG", $"{length} bytes");
    }

    [Fact]
    public void More_scans_than_encoders_make_are_refused_before_they_are_decoded()
    {
        byte[] scan = [0xFF, 0xDA, 0, 2];
        byte[] Scans(int count) => [0xFF, 0xD8, .. Enumerable.Repeat(scan, count).SelectMany(bytes => bytes), 0xFF, 0xD9];
        Assert.Null(JpegStructure.FindFault(Scans(500)));
        Assert.Equal("more than 500 scans, the limit", JpegStructure.FindFault(Scans(501)));
    }
}
