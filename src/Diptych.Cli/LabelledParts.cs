using System.CommandLine;

namespace Diptych.Cli;

/// <summary>The train and test parts of a labelled data set: a folder that has both by their usual names, or each by its own option.</summary>
/// <param name="trainUse">What the train part is for.</param>
/// <param name="testUse">What the test part is for.</param>
internal sealed class LabelledParts(string trainUse, string testUse)
{
    private static readonly string[] Endings = ["", ".tar", ".tar.gz", ".tgz", ".bin", ".bin.gz", "_X.bin", "_X.bin.gz", ".pack", "-images-idx3-ubyte", "-images-idx3-ubyte.gz", "_batch.bin", "_batch.bin.gz"];

    private readonly Option<string> _data = new("--data") { Description = $"A folder that holds train/ or train.tar, {trainUse}, and test/ or test.tar, {testUse}" };
    private readonly Option<string> _train = new("--train") { Description = $"Where --data does not fit: {trainUse}" };
    private readonly Option<string> _test = new("--test") { Description = $"Where --data does not fit: {testUse}" };

    /// <summary>The options, in the order of the help.</summary>
    public IReadOnlyList<Option> Options => [_data, _train, _test];

    /// <summary>What is missing, or null.</summary>
    public string? FindMistake(ParseResult parse) => parse.GetResult(_data) is null && (parse.GetResult(_train) is null || parse.GetResult(_test) is null)
        ? "Labelled images are missing. Give --data FOLDER with a train and a test part, or both --train PATH and --test PATH."
        : null;

    /// <summary>Both parts: those that were named, and the others from the folder.</summary>
    /// <exception cref="InvalidInputException">The folder lacks one.</exception>
    public (string Train, string Test) FindBoth(ParseResult parse) =>
        (parse.GetValue(_train) ?? Find(parse.GetValue(_data)!, "train"), parse.GetValue(_test) ?? Find(parse.GetValue(_data)!, "test", "val"));

    /// <summary>The first of the names that exists in the folder, with any ending that image sets have.</summary>
    /// <exception cref="InvalidInputException">None does.</exception>
    private static string Find(string folder, params string[] names)
    {
        if (!Directory.Exists(folder))
            throw new InvalidInputException(File.Exists(folder)
                ? $"{folder} is a file, and --data needs a folder with labelled train and test parts. Name the parts with --train PATH and --test PATH."
                : $"There is no folder {folder}. --data needs a folder with labelled train and test parts.");
        foreach (string name in names.SelectMany(n => n == "test" ? new[] { n, "t10k" } : [n]))
        {
            foreach (string ending in Endings)
            {
                string path = Path.Combine(folder, name + ending);
                if (ending.Length == 0 ? Directory.Exists(path) : File.Exists(path))
                    return path;
            }
        }
        if (names[0] == "train" && File.Exists(Path.Combine(folder, "data_batch_1.bin")))
            return folder; // CIFAR-10's training batches are five files
        throw new InvalidInputException($"{folder} has no {names[0]} part: expected {names[0]}/ or {names[0]}.tar. Name the parts with --train PATH and --test PATH.");
    }
}
