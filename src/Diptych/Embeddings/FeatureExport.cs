using System.Security.Cryptography;
using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Models;
using Diptych.Training;
using Diptych.Views;
using TorchSharp;

namespace Diptych.Embeddings;

/// <summary>Features of a whole image set into a file, batch by batch; a cut export goes on where it was.</summary>
public static class FeatureExport
{
    private const int BatchSize = 256;

    /// <summary>Computes and writes.</summary>
    /// <param name="encoderPath">A file that <see cref="EncoderFile.Write"/> made.</param>
    /// <param name="source">The images.</param>
    /// <param name="path">Where to; see <see cref="FeatureFile"/> for the formats.</param>
    /// <param name="progress">Hears how many images are done.</param>
    /// <param name="device">Where to compute: one of <see cref="KnownDevice"/>.</param>
    /// <param name="stop">Asks to stop after the batch at hand; what is done is kept.</param>
    /// <returns>True when the file is written, false when it was stopped.</returns>
    /// <exception cref="InvalidInputException">The encoder cannot be read, an image cannot be read, or the file cannot be written.</exception>
    public static bool Run(string encoderPath, IImageSource source, string path, IProgress<int>? progress = null, string device = KnownDevice.Automatic, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        FeatureFile.CheckEnding(path);
        var (encoder, views) = EncoderFile.Read(encoderPath);
        using ResNet owned = encoder;
        encoder.to(KnownDevice.Named(device));
        int length = encoder.Settings.FeatureCount;
        var metadata = new Dictionary<string, string>
        {
            ["diptych.encoder"] = Path.GetFullPath(encoderPath),
            ["diptych.encoder-sha256"] = Convert.ToHexStringLower(Digest(encoderPath)),
            ["diptych.architecture"] = $"{encoder.Settings.Name}, width {encoder.Settings.Width}, {encoder.Settings.Channels} channels",
            ["diptych.views"] = views.ToJson(),
            ["diptych.device"] = KnownDevice.Of(encoder).ToString(),
            ["diptych.images"] = source.Description,
            ["diptych.exif-orientation"] = source.AppliesOrientation ? "applied" : "not applied",
            ["diptych.images-fingerprint"] = SampleOrder.Fingerprint(source),
            ["diptych.version"] = typeof(FeatureExport).Assembly.GetName().Version!.ToString(3),
        };
        string draftPath = path + ".draft";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            using (var draft = FeatureDraft.Open(draftPath, string.Join('\n', metadata.Select(m => $"{m.Key} {m.Value}")), length, BatchSize))
            {
                if (!Compute(encoder, source, views, draft, progress, stop))
                    return false;
                FeatureFile.Write(path, new FeatureTable(
                    [.. Enumerable.Range(0, source.Count).Select(source.GetName)],
                    source.LabelNames is { } names ? [.. Enumerable.Range(0, source.Count).Select(i => source.GetLabel(i) is >= 0 and int label ? names[label] : null)] : null,
                    length, draft.Read, metadata));
            }
            File.Delete(draftPath);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{draftPath} cannot be written: {exception.Message} Make room, or choose another --out; what was computed is kept.", exception);
        }
    }

    private static bool Compute(ResNet encoder, IImageSource source, ViewRecipe views, FeatureDraft draft, IProgress<int>? progress, CancellationToken stop)
    {
        FeatureExtractor.KeepMemory(encoder, views);
        FeatureExtractor.Read(source, views, BatchSize, draft.Count, KnownDevice.Of(encoder), images =>
        {
            draft.Add(encoder.call(images).cpu().contiguous().data<float>().ToArray());
            progress?.Report(draft.Count);
            return !stop.IsCancellationRequested;
        });
        return draft.Count == source.Count;
    }

    private static byte[] Digest(string path)
    {
        using FileStream file = File.OpenRead(path);
        return SHA256.HashData(file);
    }
}
