using System.CommandLine;
using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Training;
using TorchSharp;

namespace Diptych.Cli;

/// <summary><c>diptych demo</c>: the whole path on the shipped sample.</summary>
internal sealed class DemoCommand : ToolCommand
{
    private readonly Option<string> _out = new("--out") { Description = "The run folder [runs/demo, or the next free number]" };
    private readonly Option<int> _epochs = new("--epochs") { Description = "Passes over the images [those of the recipe small-machine]" };
    private readonly Option<bool> _json = new("--json") { Description = "Print the figures as one JSON object" };

    public DemoCommand() : base("demo", "Train on 5,000 shipped satellite tiles without their labels, then measure the encoder: a few minutes.")
    {
        foreach (Option option in new Option[] { _out, _epochs, _json })
            Options.Add(option);
    }

    public override IReadOnlyList<string> Examples { get; } = ["diptych demo"];

    public override IEnumerable<string> FindMistakes(ParseResult parse) => MistakesOf(() => Settings(parse).Validate());

    public override int Run(ParseResult parse)
    {
        string path = parse.GetValue(_out) ?? FreeFolder();
        if (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
            throw new InvalidInputException($"{path} is there already. Choose another --out.");
        string sample = Path.Combine(AppContext.BaseDirectory, "samples", "eurosat");
        PretrainOptions options = Settings(parse) with { Images = Path.Combine(sample, "train.tar") };
        using IImageSource train = ImageSource.Open(options.Images);
        using IImageSource test = ImageSource.Open(Path.Combine(sample, "test.tar"));
        TorchRuntime.Load();
        (options, string? why) = KnownPrecision.Choose(options);
        if (why is not null)
            Console.Error.WriteLine(why);
        RunFolder folder = RunFolder.Create(path, options);
        if (!PretrainDisplay.Train(options, train, folder, isResumed: false))
            return Tool.Interrupted;

        var evaluation = new EncoderEvaluation(train, test, new EvaluationOptions());
        var (encoder, views) = EncoderFile.Read(folder.EncoderPath);
        encoder.to(KnownDevice.Named(options.Device));
        using (encoder)
        {
            EvaluationResult result = evaluation.Run(new EvaluatedEncoder(encoder, views, options.Loss) { Epoch = options.Epochs }) with { Encoder = folder.EncoderPath, Overlap = [] }; // the sample's parts share no tile
            EvaluationTable.Print(result, parse.GetValue(_json));
            result.Write(folder.EvaluationPath);
        }
        Console.Error.WriteLine($"""

            The run is in {folder.Path}. To look at it: diptych report {folder.Path}
            Next, on your own images:
              diptych views PHOTOS --views imagenet --image-size 64      see what the network will see
              diptych pretrain PHOTOS --recipe small-machine --views imagenet --image-size 64 --epochs 100
              diptych evaluate runs/PHOTOS-simclr-dcl --train LABELLED/train --test LABELLED/test
            """);
        return Tool.Done;
    }

    private PretrainOptions Settings(ParseResult parse)
    {
        PretrainOptions recipe = ShippedRecipes.Read("small-machine").Options;
        return recipe with { Epochs = Value(parse, _epochs, recipe.Epochs) };
    }

    private static string FreeFolder()
    {
        string path = Path.Combine("runs", "demo");
        for (int number = 2; Directory.Exists(path); number++)
            path = Path.Combine("runs", $"demo-{number}");
        return path;
    }
}
