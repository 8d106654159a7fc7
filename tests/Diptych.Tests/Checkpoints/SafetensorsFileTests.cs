using System.Security.Cryptography;
using System.Text;
using Diptych.Checkpoints;
using static TorchSharp.torch;

namespace Diptych.Tests.Checkpoints;

public sealed class SafetensorsFileTests
{
    [Fact]
    public void Comes_back_as_it_was_written()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        (string Name, Tensor Value)[] tensors =
        [
            ("matrix", randn(3, 5)), ("transposed", randn(4, 2).t()), ("scalar", tensor(7L)), ("empty", empty([0, 3])),
            ("double", randn([2], dtype: ScalarType.Float64)), ("half", randn(3).to(ScalarType.Float16)), ("brain", randn(3).to(ScalarType.BFloat16)), ("flag", tensor(new[] { true, false })),
        ];
        SafetensorsFile.Write(folder.File("a.safetensors"), tensors, new Dictionary<string, string> { ["note"] = "ä \"quoted\"" });
        var (read, metadata) = SafetensorsFile.Read(folder.File("a.safetensors"));
        Assert.Equal("ä \"quoted\"", metadata["note"]);
        Assert.Equal(tensors.Length, read.Count);
        foreach (var (name, value) in tensors)
        {
            Assert.Equal(value.dtype, read[name].dtype);
            Assert.Equal(value.shape, read[name].shape);
            Assert.True(value.equal(read[name]).all().item<bool>(), name);
        }
    }

    [Fact]
    public void Has_the_published_layout()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        SafetensorsFile.Write(folder.File("a.safetensors"), [("b", tensor(new[] { 1f, -2f })), ("a", tensor(3L))], new Dictionary<string, string> { ["format"] = "pt" });
        byte[] bytes = File.ReadAllBytes(folder.File("a.safetensors"));
        const string Header = """{"__metadata__":{"format":"pt"},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""";
        int length = (Header.Length + 7) / 8 * 8;
        Assert.Equal(length, BitConverter.ToInt64(bytes, 0));
        Assert.Equal(Header.PadRight(length), Encoding.UTF8.GetString(bytes, 8, length));
        Assert.Equal([3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], bytes[(8 + length)..]);
    }

    [Fact]
    public void Writing_tells_the_hash_of_the_file()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = folder.File("a.safetensors"), told = SafetensorsFile.Write(path, [("b", randn(300, 70)), ("a", tensor(3L))], new Dictionary<string, string>());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))), told);
    }

    [Fact]
    public void A_file_cut_short_anywhere_is_refused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        SafetensorsFile.Write(folder.File("a.safetensors"), [("x", randn(8, 8))], new Dictionary<string, string>());
        byte[] whole = File.ReadAllBytes(folder.File("a.safetensors"));
        for (int length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(folder.File("cut.safetensors"), whole[..length]);
            var exception = Assert.Throws<InvalidInputException>(() => SafetensorsFile.Read(folder.File("cut.safetensors")));
            Assert.Contains("cut.safetensors is not a whole .safetensors file", exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,4]}}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[2,1]}}""")]
    [InlineData("""{"x":{"dtype":"Q7","shape":[1],"data_offsets":[0,4]}}""")]
    [InlineData("""{"x":{"shape":[1]}}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""")]
    [InlineData("""{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""")]
    [InlineData("""{"x":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}""")]
    [InlineData("""{"e":{"dtype":"F32","shape":[0,9223372036854775807,4],"data_offsets":[0,0]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}""")]
    [InlineData("""[1, 2]""")]
    [InlineData("""{"x": """)]
    public void A_header_that_lies_is_refused(string header)
    {
        using var folder = new TemporaryFolder();
        byte[] text = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(folder.File("lie.safetensors"), [.. BitConverter.GetBytes((long)text.Length), .. text, 0, 0, 0, 0]);
        Assert.Throws<InvalidInputException>(() => SafetensorsFile.Read(folder.File("lie.safetensors")));
    }
}
