using System.Text;
using CsCheck;
using Diptych.Build;

namespace Diptych.Tests;

public sealed class WeakVersionNeedTests
{
    private static readonly byte[] Built = File.ReadAllBytes(Directory.GetFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories)[0]);

    [Fact]
    public void Changes_one_flag_of_TorchSharps_library_as_the_build_did()
    {
        byte[] file = Original();
        Assert.True(WeakVersionNeed.Mark(file));
        Assert.Equal(Built, file);
        Assert.Equal(1, file.Zip(Original()).Count(pair => pair.First != pair.Second));
    }

    [Fact]
    public void Does_nothing_the_second_time()
    {
        byte[] file = (byte[])Built.Clone();
        Assert.False(WeakVersionNeed.Mark(file));
        Assert.Equal(Built, file);
    }

    [Fact]
    public void Leaves_a_library_alone_that_does_not_need_the_version()
    {
        byte[] file = Replace(Original(), "GLIBCXX_3.4.32\0", "GLIBCXX_3.4.31\0");
        byte[] before = (byte[])file.Clone();
        Assert.False(WeakVersionNeed.Mark(file));
        Assert.Equal(before, file);
    }

    [Fact]
    public void Refuses_a_library_that_needs_the_version_for_another_symbol()
    {
        byte[] file = Replace(Original(), "_ZSt21ios_base_library_initv\0", "_ZSt21ios_base_library_work\0");
        var refused = Assert.Throws<InvalidDataException>(() => WeakVersionNeed.Mark(file));
        Assert.Equal("expected GLIBCXX_3.4.32 for _ZSt21ios_base_library_initv only, but _ZSt21ios_base_library_work has it too", refused.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a library, but long enough to hold the header of one: sixty-four bytes at least")]
    [InlineData("\u007fELF\u0001\u0001 a library of 32 bits, long enough to hold the header of one: sixty-four bytes")]
    public void Refuses_other_files(string content) =>
        Assert.Equal("expected a 64-bit little-endian ELF file", Assert.Throws<InvalidDataException>(() => WeakVersionNeed.Mark(Encoding.Latin1.GetBytes(content))).Message);

    [Fact]
    public void Refuses_a_library_cut_short() =>
        Gen.Int[0, Built.Length - 1].Sample(length => Assert.Throws<InvalidDataException>(() => { WeakVersionNeed.Mark(Built[..length]); }), iter: 20);

    [Fact]
    public void Neither_hangs_nor_reads_outside_when_the_headers_are_damaged()
    {
        int sections = (int)BitConverter.ToInt64(Built, 40);
        Gen.Select(Gen.Int[sections, Built.Length - 1], Gen.Byte).Sample((at, value) =>
        {
            byte[] file = Original();
            file[at] = value;
            try { WeakVersionNeed.Mark(file); }
            catch (InvalidDataException) { }
        }, iter: 100);
    }

    // The entry is found by the hash that the loader compares, not by the code under test.
    private static byte[] Original()
    {
        byte[] file = (byte[])Built.Clone();
        uint hash = 0;
        foreach (char c in "GLIBCXX_3.4.32")
        {
            hash = (hash << 4) + c;
            hash = (hash ^ ((hash & 0xf0000000) >> 24)) & 0x0fffffff;
        }
        int at = file.AsSpan().IndexOf(BitConverter.GetBytes(hash));
        Assert.Equal(2, file[at + 4]);
        file[at + 4] = 0;
        return file;
    }

    private static byte[] Replace(byte[] file, string old, string by)
    {
        Encoding.ASCII.GetBytes(by).CopyTo(file, file.AsSpan().IndexOf(Encoding.ASCII.GetBytes(old)));
        return file;
    }
}
