using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using static TorchSharp.torch;

namespace Diptych.Checkpoints;

/// <summary>The checkpoints of one run: folders <c>step-00000400</c>, each with its tensors and a <c>checkpoint.json</c> that holds their SHA-256 and its own.</summary>
/// <remarks>A checkpoint is written under a temporary name, flushed to the disk, then renamed: a folder with its final name is whole.</remarks>
public sealed class CheckpointFolder
{
    private const string StateName = "state.safetensors", InfoName = "checkpoint.json", RemovedAside = ".removed" + AtomicFile.Aside;
    private const int FormatVersion = 3;
    private readonly string _root;

    /// <summary>Looks at a folder, which is made when the first checkpoint is written.</summary>
    /// <param name="root">The folder that holds the checkpoints.</param>
    public CheckpointFolder(string root) => _root = root;

    /// <summary>Writes a checkpoint, then removes all but this and the newest before it.</summary>
    /// <param name="step">How many steps are done.</param>
    /// <param name="tensors">The whole state, by name.</param>
    /// <param name="images">What tells the run's images from others.</param>
    /// <param name="keep">How many checkpoints to keep, this one included; ≥ 1.</param>
    /// <param name="keepEvery">Those at multiples of this many steps stay as well; null for none.</param>
    /// <returns>The checkpoint's folder.</returns>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written; older checkpoints are untouched.</exception>
    public string Write(int step, IEnumerable<(string Name, Tensor Value)> tensors, string images = "", int keep = 2, int? keepEvery = null)
    {
        string final = Path.Combine(_root, $"step-{step:D8}"), aside = final + AtomicFile.Aside;
        try
        {
            Directory.CreateDirectory(_root);
            foreach (string unfinished in Directory.GetDirectories(_root).Where(AtomicFile.IsUnfinished))
                Directory.Delete(unfinished, recursive: true); // left behind by a process that was killed
            Directory.CreateDirectory(aside);
            string hash = SafetensorsFile.Write(Path.Combine(aside, StateName), tensors, new Dictionary<string, string> { ["format"] = "pt" });
            AtomicFile.WriteText(Path.Combine(aside, InfoName), JsonSerializer.Serialize(new Info(FormatVersion, step, hash, images).Sealed()));
            // The same step once more: the run went back since this was damaged, or stopped where it had just written it.
            string former = final + RemovedAside;
            if (Directory.Exists(final))
                Directory.Move(final, former);
            Directory.Move(aside, final);
            AtomicFile.FlushFolder(_root);
            if (Directory.Exists(former))
                Directory.Delete(former, recursive: true);
        }
        catch
        {
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
            throw;
        }
        // Later ones are there only where a run went back because they are damaged: they neither count nor go, until the run comes there again.
        foreach (var (_, path) in List().Where(c => c.Step <= step).Skip(keep).Where(c => keepEvery is null || c.Step % keepEvery != 0))
            Remove(path);
        return final;
    }

    // Renamed first: a process that is killed in between leaves no half of it under its name.
    private static void Remove(string path)
    {
        string aside = path + RemovedAside;
        Directory.Move(path, aside);
        Directory.Delete(aside, recursive: true);
    }

    /// <summary>Reads the newest checkpoint that is whole.</summary>
    /// <param name="rejected">Receives a line about every newer one that is not.</param>
    /// <returns>How many steps were done, on which images, and the state; null when there is no whole checkpoint.</returns>
    public (int Step, string Images, Dictionary<string, Tensor> Tensors)? ReadNewest(ICollection<string> rejected)
    {
        ArgumentNullException.ThrowIfNull(rejected);
        foreach (var (step, path) in List())
        {
            string? fault = FindFault(path, step);
            if (fault is null)
                return (step, ReadInfo(path).Images, SafetensorsFile.Read(Path.Combine(path, StateName)).Tensors);
            rejected.Add($"Checkpoint {path} is damaged and was passed over: {fault}.");
        }
        return null;
    }

    /// <summary>What tells the run's images from others, as the newest checkpoint has it.</summary>
    /// <returns>Null where there is none that can be read.</returns>
    public string? ImagesOfNewest()
    {
        try
        {
            return List() is [var (_, path), ..] ? ReadInfo(path).Images : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidInputException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The checkpoints there are, newest first, without looking inside.</summary>
    public IReadOnlyList<(int Step, string Path)> List()
    {
        if (!Directory.Exists(_root))
            return [];
        return Directory.GetDirectories(_root, "step-*")
            .Select(path => (Name: Path.GetFileName(path)[5..], Path: path))
            .Where(c => int.TryParse(c.Name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(c => (Step: int.Parse(c.Name, CultureInfo.InvariantCulture), c.Path))
            .OrderByDescending(c => c.Step).ToArray();
    }

    /// <summary>What is wrong with a checkpoint, or null when it is whole.</summary>
    /// <param name="path">The checkpoint's folder.</param>
    /// <param name="step">The step its name gives.</param>
    public static string? FindFault(string path, int step)
    {
        string state = Path.Combine(path, StateName), info = Path.Combine(path, InfoName);
        if (!File.Exists(info) || !File.Exists(state))
            return $"{(File.Exists(info) ? StateName : InfoName)} is missing";
        try
        {
            Info read = ReadInfo(path);
            if (read.Version != FormatVersion)
                return $"it has format version {read.Version}, this program reads version {FormatVersion}";
            if (read != read.Sealed() || SmallFile.ReadText(info) != JsonSerializer.Serialize(read))
                return $"{InfoName} is not what was written";
            if (read.Step != step)
                return $"{InfoName} speaks of step {read.Step}";
            return read.Sha256 == Hash(state) ? null : $"the SHA-256 of {StateName} is not the one that {InfoName} gives";
        }
        catch (Exception exception) when (exception is JsonException or InvalidInputException)
        {
            return $"{InfoName} cannot be read ({exception.Message})";
        }
    }

    private static Info ReadInfo(string path) =>
        JsonSerializer.Deserialize<Info>(SmallFile.ReadText(Path.Combine(path, InfoName))) ?? throw new JsonException("it is empty");

    private static string Hash(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private sealed record Info(int Version, int Step, string Sha256, string Images, string? Seal = null)
    {
        public Info Sealed() => this with { Seal = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(this with { Seal = null })))) };
    }
}
