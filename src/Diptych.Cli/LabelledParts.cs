namespace Diptych.Cli;

/// <summary>Finds the train and test parts of a labelled data set by their usual names.</summary>
internal static class LabelledParts
{
    private static readonly string[] Endings = ["", ".tar", ".tar.gz", ".tgz", ".bin", ".bin.gz", "_X.bin", "_X.bin.gz", ".pack", "-images-idx3-ubyte", "-images-idx3-ubyte.gz", "_batch.bin", "_batch.bin.gz"];

    /// <summary>Both parts: those that were named, and the others from the folder.</summary>
    /// <param name="folder">The data set; null where both parts were named.</param>
    /// <param name="train">The train part, where it was named.</param>
    /// <param name="test">The test part, where it was named.</param>
    /// <exception cref="InvalidInputException">The folder lacks one.</exception>
    public static (string Train, string Test) FindBoth(string? folder, string? train, string? test) =>
        (train ?? Find(folder!, "train"), test ?? Find(folder!, "test", "val"));

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
