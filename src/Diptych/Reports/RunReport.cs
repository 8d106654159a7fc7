using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Diptych.Checkpoints;
using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Models;
using Diptych.Training;
using Diptych.Views;
using static TorchSharp.torch;

namespace Diptych.Reports;

/// <summary>A run as one HTML file that needs nothing else: curves, views, neighbours, a map of the features, confusion, settings.</summary>
public sealed class RunReport : IDisposable
{
    private const int SheetRows = 8, SheetViews = 8, Queries = 16, Shown = 9, MostMapped = 2000, LogLines = 200;

    private readonly RunSummary _run;
    private readonly ImageSubset _images;
    private readonly Tensor _features;

    /// <summary>Computes the features of the images.</summary>
    /// <param name="run">A finished run.</param>
    /// <param name="source">The images to show; labels, where they have any, give colours.</param>
    /// <param name="count">How many of them, drawn with the run's seed.</param>
    /// <exception cref="InvalidInputException">The run is not finished, or there are fewer than 4 images.</exception>
    public RunReport(RunSummary run, IImageSource source, int count)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(source);
        string encoderPath = run.Folder.FinishedEncoder();
        if (Math.Min(count, source.Count) < 4)
            throw new InvalidInputException($"A report shows at least 4 images, but {source.Description} has {source.Count} and --count is {count}.");
        _run = run;
        _images = new ImageSubset(source, SampleOrder.ForEpoch(run.Options.Seed, 0, source.Count).Take(count).Order());
        var (encoder, views) = EncoderFile.Read(encoderPath);
        Views = views;
        using ResNet owned = encoder;
        FeatureExtractor.KeepMemory(encoder, views);
        _features = FeatureExtractor.Extract(encoder, _images, views).cpu();
    }

    private ViewRecipe Views { get; }

    /// <summary>The features' principal components and the images' labels, −1 for none: what the map shows.</summary>
    internal (float[] Points, int[] Labels, IReadOnlyList<string>? Classes) Map()
    {
        using Tensor points = FeatureMap.Pca(_features);
        return (Floats(points), Labels(), _images.LabelNames);
    }

    /// <summary>Writes the page; it appears only when it is whole.</summary>
    /// <param name="path">Where to; an existing file is replaced.</param>
    /// <exception cref="InvalidInputException">It cannot be written.</exception>
    public void Write(string path)
    {
        using var template = new StreamReader(typeof(RunReport).Assembly.GetManifestResourceStream("Diptych.Reports.report.html")!);
        // The serializer writes < as \u003C, so that no name can end the script.
        string page = template.ReadToEnd().Replace("/*DATA*/null", Data().ToJsonString(), StringComparison.Ordinal);
        try
        {
            AtomicFile.WriteText(path, page);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be written: {exception.Message} Choose another --out.", exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _images.Dispose();
        _features.Dispose();
    }

    private JsonObject Data() => new()
    {
        ["title"] = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(_run.Folder.Path))),
        ["summary"] = $"{_run.Options.Method} with {_run.Options.Loss}: {_run.Options.Encoder} of width {_run.Options.Width}, {_run.Options.Epochs} epochs, batch {_run.Options.Batch}, seed {_run.Options.Seed}",
        ["settings"] = JsonNode.Parse(_run.Options.ToJson()),
        ["machine"] = new JsonObject
        {
            ["report made on"] = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores",
            [".NET"] = Environment.Version.ToString(),
            ["libtorch"] = TorchRuntime.Description,
            ["Diptych"] = typeof(RunReport).Assembly.GetName().Version!.ToString(3),
        },
        ["log"] = string.Join('\n', File.Exists(_run.Folder.LogPath) ? File.ReadLines(_run.Folder.LogPath).TakeLast(LogLines) : []),
        ["curves"] = Curves(),
        ["views"] = DataUri("png", ContactSheet.Draw(_images, Views, [.. Enumerable.Range(0, Math.Min(SheetRows, _images.Count)).Select(i => i * _images.Count / Math.Min(SheetRows, _images.Count))], SheetViews, _run.Options.Seed)),
        ["images"] = Images(),
        ["neighbours"] = Sheets(),
        ["evaluation"] = _run.Evaluation is { } evaluation ? JsonNode.Parse(evaluation.ToJson()) : null,
    };

    private JsonObject Curves()
    {
        JsonArray Column(Func<CurvePoint, double> value) => new([.. _run.Curve.Points.Select(p => Number(value(p)))]);
        return new()
        {
            ["epoch"] = Column(p => p.Epoch),
            ["loss"] = Column(p => p.Loss),
            ["q"] = Column(p => p.Q),
            ["images/s"] = Column(p => p.ImagesPerSecond),
            ["accuracy-epoch"] = new JsonArray([.. _run.Curve.Accuracy.Select(a => Number(a.Epoch))]),
            ["accuracy"] = new JsonArray([.. _run.Curve.Accuracy.Select(a => Number(100 * a.Accuracy))]),
        };
    }

    private JsonObject Images()
    {
        Thumbnails thumbnails = Thumbnails.Of(_images);
        using var scope = NewDisposeScope();
        JsonArray Points(Tensor points) => new([.. Floats(points).Select(v => Number(v, 4))]);
        int[] mapped = [.. SampleOrder.ForEpoch(_run.Options.Seed, 0, _images.Count).Take(MostMapped).Order()];
        return new()
        {
            ["source"] = _images.Description,
            ["names"] = new JsonArray([.. Enumerable.Range(0, _images.Count).Select(i => (JsonNode)_images.GetName(i))]),
            ["labels"] = new JsonArray([.. Labels().Select(l => (JsonNode)l)]),
            ["classes"] = new JsonArray([.. (_images.LabelNames ?? []).Select(n => (JsonNode)n)]),
            ["size"] = thumbnails.Size,
            ["columns"] = thumbnails.Columns,
            ["atlases"] = new JsonArray([.. thumbnails.Files.Select(f => (JsonNode)DataUri("jpeg", f))]),
            ["pca"] = Points(FeatureMap.Pca(_features)),
            // A map by neighbours costs the square of its images; the first of a random draw stand for all.
            ["tsne-images"] = new JsonArray([.. mapped.Select(i => (JsonNode)i)]),
            ["tsne"] = Points(FeatureMap.Tsne(_features.index_select(0, tensor(mapped.Select(i => (long)i).ToArray())))),
        };
    }

    // Each query finds itself first; the rest are its neighbours.
    private JsonArray Sheets()
    {
        int queries = Math.Min(Queries, _images.Count), shown = Math.Min(Shown, _images.Count);
        int[] chosen = [.. Enumerable.Range(0, queries).Select(i => i * _images.Count / queries)];
        using var scope = NewDisposeScope();
        using Neighbours neighbours = Neighbours.Find(_features, _features.index_select(0, tensor(chosen.Select(i => (long)i).ToArray())), shown);
        long[] index = [.. neighbours.Index.contiguous().data<long>()];
        float[] similarity = [.. neighbours.Similarity.contiguous().data<float>()];
        return new([.. chosen.Select((query, row) => (JsonNode)new JsonObject
        {
            ["query"] = query,
            ["found"] = new JsonArray([.. Enumerable.Range(row * shown, shown).Where(i => index[i] != query).Take(Shown - 1)
                .Select(i => (JsonNode)new JsonObject { ["image"] = index[i], ["similarity"] = Number(similarity[i]) })]),
        })]);
    }

    private int[] Labels() => [.. Enumerable.Range(0, _images.Count).Select(i => _images.LabelNames is null ? -1 : _images.GetLabel(i))];

    private static float[] Floats(Tensor points) => [.. points.contiguous().data<float>()];

    private static JsonValue? Number(double value, int digits = 5) => double.IsFinite(value) ? JsonValue.Create(Math.Round(value, digits)) : null;

    private static string DataUri(string type, byte[] bytes) => $"data:image/{type};base64,{Convert.ToBase64String(bytes)}";
}
