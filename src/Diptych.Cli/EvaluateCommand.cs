using System.CommandLine;
using Diptych.Data;
using Diptych.Evaluation;
using Diptych.Training;

namespace Diptych.Cli;

/// <summary><c>diptych evaluate</c>: how good an encoder is, on labelled images.</summary>
internal sealed class EvaluateCommand : ToolCommand
{
    private static readonly NearestNeighbourOptions Defaults = new();

    private readonly Argument<string> _run = new("RUN") { Description = "A run folder, or an encoder.safetensors file." };
    private readonly Option<string> _data = new("--data") { Description = "A folder with labelled train and test parts: train/ and test/, or train.tar and test.tar" };
    private readonly Option<string> _train = new("--train") { Description = "Labelled images to compare with, where --data does not fit" };
    private readonly Option<string> _test = new("--test") { Description = "Labelled images to classify, where --data does not fit" };
    private readonly Option<bool> _nearestNeighbour = new("--nearest-neighbour") { Description = "Classify by the most similar labelled images; the default" };
    private readonly Option<int> _k = new("--k") { Description = $"Neighbours that vote, with all labels [{Defaults.K}]" };
    private readonly Option<double> _temperature = new("--temperature") { Description = $"Votes weigh exp(similarity / temperature) [{Defaults.Temperature}]" };
    private readonly Option<int> _labelsPerClass = new("--labels-per-class") { Description = $"Labelled images a class in the few-label figures [{Defaults.LabelsPerClass}]" };
    private readonly Option<long> _seed = new("--seed") { Description = $"Where the draws of few labels start [{Defaults.Seed}]" };
    private readonly Option<bool> _exifOrientation = new("--exif-orientation") { Description = "Turn photographs as their EXIF orientation says" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object instead of a table" };

    public EvaluateCommand() : base("evaluate", "Measure an encoder on labelled images, beside raw pixels and the untrained encoder.")
    {
        Arguments.Add(_run);
        foreach (Option option in new Option[] { _data, _train, _test, _nearestNeighbour, _k, _temperature, _labelsPerClass, _seed, _exifOrientation, _json })
            Options.Add(option);
    }

    public override IReadOnlyList<string> Examples { get; } =
    [
        "diptych evaluate runs/demo --data samples/eurosat",
        "diptych evaluate runs/photos --train labelled/train --test labelled/test --k 10 --json",
    ];

    public override IEnumerable<string> FindMistakes(ParseResult parse)
    {
        foreach (string mistake in MistakesOf(Apply(parse).Validate))
            yield return mistake;
        bool hasParts = IsGiven(parse, _train) && IsGiven(parse, _test);
        if (!IsGiven(parse, _data) && !hasParts)
            yield return "Labelled images are missing. Give --data FOLDER with a train and a test part, or both --train PATH and --test PATH.";
    }

    public override int Run(ParseResult parse)
    {
        string run = parse.GetValue(_run)!;
        string trainPath = parse.GetValue(_train) ?? LabelledParts.Find(parse.GetValue(_data)!, "train");
        string testPath = parse.GetValue(_test) ?? LabelledParts.Find(parse.GetValue(_data)!, "test", "val");
        using IImageSource train = ImageSource.Open(trainPath, parse.GetValue(_exifOrientation));
        using IImageSource test = ImageSource.Open(testPath, parse.GetValue(_exifOrientation));
        var evaluation = new NearestNeighbourEvaluation(train, test, Apply(parse));
        string encoderPath = EncoderPath(run);
        TorchRuntime.Load();
        var (encoder, views) = EncoderFile.Read(encoderPath);
        using (encoder)
            EvaluationTable.Print(evaluation.Run(encoder, views, NameOf(run)), evaluation.Protocol, parse.GetValue(_json), encoderPath);
        return Tool.Done;
    }

    private static string EncoderPath(string run)
    {
        if (File.Exists(run))
            return run;
        RunFolder folder = RunFolder.Open(run);
        return File.Exists(folder.EncoderPath)
            ? folder.EncoderPath
            : throw new InvalidInputException($"The run in {run} is not finished: it holds no encoder.safetensors. Go on with: diptych pretrain {folder.ReadOptions().Images} --out {run} --resume");
    }

    private static string NameOf(string run) => Directory.Exists(run) ? RunFolder.Open(run).ReadOptions().Loss : "encoder";

    private NearestNeighbourOptions Apply(ParseResult parse) => new()
    {
        K = Value(parse, _k, Defaults.K),
        Temperature = Value(parse, _temperature, Defaults.Temperature),
        LabelsPerClass = Value(parse, _labelsPerClass, Defaults.LabelsPerClass),
        Seed = Value(parse, _seed, Defaults.Seed),
    };
}
