using System.Text;
using System.Text.Json;
using Diptych.Embeddings;
using Parquet;

namespace Diptych.Tests.Embeddings;

public sealed class FeatureFileTests
{
    private static readonly string[] Names = ["a.png", "b, \"c\".png", "d\ne.png"];

    // 9,001 rows: more than two blocks.
    private static FeatureTable Table(int count) => new(
        [.. Enumerable.Range(0, count).Select(i => i < 3 ? Names[i] : $"{i}.png")],
        [.. Enumerable.Range(0, count).Select(i => i % 3 == 1 ? null : $"class {i % 3}")],
        2,
        (first, rows) => { for (int i = 0; i < rows.Length; i++) rows[i] = Value(first * 2 + i); },
        new Dictionary<string, string> { ["diptych.encoder"] = "runs/a/encoder.safetensors" });

    private static float Value(int i) => 1f / (i + 3);

    [Fact]
    public async Task Parquet_gives_back_names_labels_vectors_and_the_encoder()
    {
        using var folder = new TemporaryFolder();
        FeatureFile.Write(folder.File("f.parquet"), Table(9001));
        await using ParquetReader reader = await ParquetReader.CreateAsync(folder.File("f.parquet"), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("runs/a/encoder.safetensors", reader.CustomMetadata["diptych.encoder"]);
        var fields = reader.Schema.GetDataFields();
        var names = new List<string>();
        var labels = new List<string?>();
        var values = new List<float>();
        for (int group = 0; group < reader.RowGroupCount; group++)
        {
            using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
            int count = (int)rows.RowCount;
            string[] text = new string[count], label = new string[count];
            float[] vectors = new float[2 * count];
            await rows.ReadAsync(fields[0], text, null, TestContext.Current.CancellationToken);
            await rows.ReadAsync(fields[1], label, null, TestContext.Current.CancellationToken);
            int[] definition = new int[vectors.Length], repetition = new int[vectors.Length];
            await rows.ReadRawAsync<float>(fields[2], vectors, definition, repetition, TestContext.Current.CancellationToken);
            Assert.All(repetition.Index(), r => Assert.Equal(r.Index % 2, r.Item));
            names.AddRange(text);
            labels.AddRange(label);
            values.AddRange(vectors);
        }
        FeatureTable table = Table(9001);
        Assert.Equal(table.Names, names);
        Assert.Equal(table.Labels!, labels);
        Assert.Equal(Enumerable.Range(0, 18002).Select(Value), values);
    }

    [Fact]
    public void Npy_has_numpys_header_and_the_rows_and_the_rest_stands_beside_it()
    {
        using var folder = new TemporaryFolder();
        FeatureFile.Write(folder.File("f.npy"), Table(4500));
        byte[] file = File.ReadAllBytes(folder.File("f.npy"));
        Assert.Equal([0x93, .. "NUMPY"u8, 1, 0], file[..8]);
        int header = file[8] + 256 * file[9];
        Assert.Equal(0, (10 + header) % 64);
        string text = Encoding.ASCII.GetString(file, 10, header);
        Assert.StartsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (4500, 2), }", text, StringComparison.Ordinal);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.Equal(10 + header + 4500 * 2 * 4, file.Length);
        Assert.Equal(Value(8999), BitConverter.ToSingle(file, file.Length - 4));
        using var beside = JsonDocument.Parse(File.ReadAllText(folder.File("f.npy.json")));
        Assert.Equal(Names[1], beside.RootElement.GetProperty("names")[1].GetString());
        Assert.Equal(JsonValueKind.Null, beside.RootElement.GetProperty("labels")[1].ValueKind);
        Assert.Equal("runs/a/encoder.safetensors", beside.RootElement.GetProperty("metadata").GetProperty("diptych.encoder").GetString());
    }

    [Fact]
    public void Csv_quotes_names_and_gives_back_every_bit_of_a_value()
    {
        using var folder = new TemporaryFolder();
        FeatureFile.Write(folder.File("f.csv"), Table(3));
        Assert.Equal("name,label,f0,f1\na.png,class 0,0.33333334,0.25\n\"b, \"\"c\"\".png\",,0.2,0.16666667\n\"d\ne.png\",class 2,0.14285715,0.125\n", File.ReadAllText(folder.File("f.csv")));
        Assert.True(File.Exists(folder.File("f.csv.json")));
    }

    [Fact]
    public void An_unknown_ending_is_refused_with_those_there_are() =>
        Assert.Equal("The format of f.txt is not known by its ending '.txt'. Expected .parquet, .npy, .csv.", Assert.Throws<InvalidInputException>(() => FeatureFile.CheckEnding("f.txt")).Message);
}
