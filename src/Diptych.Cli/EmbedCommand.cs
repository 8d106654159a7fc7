using System.CommandLine;
using Diptych.Data;
using Diptych.Embeddings;
using Diptych.Training;

namespace Diptych.Cli;

/// <summary><c>diptych embed</c>: the features of any image set, as a file.</summary>
internal sealed class EmbedCommand : ToolCommand
{
    private readonly Argument<string> _run = new("RUN") { Description = "A run folder, or an encoder.safetensors file." };
    private readonly Argument<string> _images = new("IMAGES") { Description = "Any image set that pretrain takes." };
    private readonly Option<string> _out = new("--out") { Description = "The file to write: .parquet with name, label and vector; .npy or .csv with the rest in FILE.json", Required = true };
    private readonly Option<bool> _skipUnreadable = ReadableImages.SkipOption();
    private readonly Option<string> _device = DeviceOption();
    private readonly Option<bool> _exifOrientation = ReadableImages.OrientationOfRunOption();

    public EmbedCommand() : base("embed", "Write the features of images to a file. Run it again to go on where it was cut.")
    {
        Arguments.Add(_run);
        Arguments.Add(_images);
        foreach (Option option in new Option[] { _out, _skipUnreadable, _exifOrientation, _device })
            Options.Add(option);
    }

    public override IReadOnlyList<string> Examples { get; } =
    [
        "diptych embed runs/demo samples/eurosat/test.tar --out tiles.parquet",
        "diptych embed runs/photos photos --out photos.npy",
    ];

    public override IEnumerable<string> FindMistakes(ParseResult parse) =>
        [.. IsGiven(parse, _out) ? MistakesOf(() => FeatureFile.CheckEnding(parse.GetValue(_out)!)) : [],
            .. KnownDevice.FindMistake(Value(parse, _device, KnownDevice.Automatic)) is { } device ? [device] : (string[])[]];

    public override int Run(ParseResult parse)
    {
        string path = parse.GetValue(_out)!, encoder = RunFolder.EncoderOf(parse.GetValue(_run)!);
        using IImageSource source = ReadableImages.Open(parse.GetValue(_images)!, parse.GetValue(_exifOrientation) || ReadableImages.AreTurnedIn(parse.GetValue(_run)!), parse.GetValue(_skipUnreadable));
        TorchRuntime.Load();
        using var signals = new StopSignals();
        if (!FeatureExport.Run(encoder, source, path, new ProgressLines(source.Count), Value(parse, _device, KnownDevice.Automatic), signals.Token))
        {
            Console.Error.WriteLine("Interrupted. The same command goes on from here.");
            return Tool.Interrupted;
        }
        Console.Error.WriteLine($"{path}: the features of {source.Count:N0} images, {new FileInfo(RealPath.Of(path)).Length:N0} bytes.");
        return Tool.Done;
    }
}
