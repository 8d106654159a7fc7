using System.Security.Cryptography;
using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class EuroSatSampleTests
{
    [Theory]
    [InlineData("train.tar", 500)]
    [InlineData("test.tar", 100)]
    public void Holds_as_many_tiles_of_each_class_as_it_says_and_all_can_be_read(string name, int perClass)
    {
        using IImageSource source = ImageSource.Open(Repository.Sample(name));
        Assert.Equal(
            ["AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial", "Pasture", "PermanentCrop", "Residential", "River", "SeaLake"], source.LabelNames!);
        Assert.Equal(Enumerable.Repeat(perClass, 10), source.Labels().CountBy(label => label).OrderBy(pair => pair.Key).Select(pair => pair.Value));
        Assert.All(source.Names(), (tile, index) => Assert.StartsWith($"{source.LabelNames![source.GetLabel(index)]}/", tile, StringComparison.Ordinal));
        Assert.Empty(source.Unreadable(workers: 2));
        Assert.Equal((64, 64), (source.Image(0).Width, source.Image(0).Height));
    }

    [Fact]
    public void No_two_of_its_tiles_are_alike_by_name_or_pixels()
    {
        using IImageSource train = ImageSource.Open(Repository.Sample("train.tar")), test = ImageSource.Open(Repository.Sample("test.tar"));
        Assert.Equal(6000, train.Names().Concat(test.Names()).Distinct().Count());
        Assert.Equal(6000, Hashes(train).Concat(Hashes(test)).Distinct().Count());
    }

    [Theory]
    [InlineData("train.tar")]
    [InlineData("test.tar")]
    public void Is_the_file_whose_hash_its_notice_gives(string name)
    {
        using FileStream file = File.OpenRead(Repository.Sample(name));
        Assert.Contains($"| `{name}` | {file.Length:N0} | `{Convert.ToHexStringLower(SHA256.HashData(file))}` |", File.ReadAllText(Repository.Sample("README.md")), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Hashes(IImageSource source)
    {
        var buffer = new ImageBuffer();
        for (int i = 0; i < source.Count; i++)
        {
            source.Decode(i, buffer);
            yield return Convert.ToHexString(SHA256.HashData(buffer.Pixels));
        }
    }
}
