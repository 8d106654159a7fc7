using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Diptych.Checkpoints;
using Diptych.Training;

namespace Diptych.Cli.Tests;

/// <summary>Runs that are stopped at random instants, resumed until they are done, and compared with a run that was left alone.</summary>
/// <remarks>DIPTYCH_KILLS sets how many kills there are in all, and half as many SIGTERMs (from 90 on over every method with every loss), DIPTYCH_KILL_SEED which instants.</remarks>
public sealed class KillTests
{
    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("DIPTYCH_KILLS") ?? "21", CultureInfo.InvariantCulture);
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("DIPTYCH_KILL_SEED") ?? "1", CultureInfo.InvariantCulture);
    private static readonly string[] Losses = ["infonce", "dcl", "dclw"];

    public static TheoryData<string, string> Combinations()
    {
        var all = new TheoryData<string, string>();
        string[] methods = [.. Diptych.Methods.KnownMethod.Names];
        for (int m = 0; m < methods.Length; m++)
        {
            for (int l = 0; l < Losses.Length; l++)
            {
                if (l == m || Kills >= 90) // every method and every loss, or every pair where there is time
                    all.Add(methods[m], Losses[l]);
            }
        }
        return all;
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public Task Killed_at_random_instants_a_run_ends_with_the_same_bits(string method, string loss) => StopOften(method, loss, Kills, "KILL", 137);

    [Theory]
    [MemberData(nameof(Combinations))]
    public Task Ended_by_SIGTERM_at_random_instants_a_run_ends_with_the_same_bits(string method, string loss) =>
        StopOften(method, loss, Kills / 2, "TERM", 130, 143); // 143: before and after the training

    private static async Task StopOften(string method, string loss, int stops, string signal, params int[] exitCodes)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such signals");
        using var folder = new TemporaryFolder();
        Tiles.Unpack(Run.Sample("test.tar"), folder.File("tiles"), perClass: 10);
        string[] command = ["pretrain", "tiles", "--method", method, "--loss", loss, "--views", "satellite", "--image-size", "8", "--width", "4",
            "--batch", "25", "--epochs", "15", "--threads", "1", "--checkpoint-every", "1"];
        long started = Stopwatch.GetTimestamp();
        Assert.Equal(0, (await Run.ToolIn(folder, [.. command, "--out", "whole"])).ExitCode);
        TimeSpan whole = Stopwatch.GetElapsedTime(started);
        string[] expected = Contents(folder.File("whole"));

        var random = new Random(HashCode(Seed, method, loss));
        int wanted = (stops + Combinations().Count - 1) / Combinations().Count, stopped = 0;
        for (int round = 0; stopped < wanted; round++)
        {
            string run = $"stopped-{round}", path = folder.File(run);
            for (bool isFinished = false; !isFinished;)
            {
                string[] resume = File.Exists(Path.Combine(path, "recipe.json")) ? ["--resume"] : [];
                using Process process = Run.StartToolIn(folder, [.. command, "--out", run, .. resume]);
                Task<Run> finish = Run.Finish(process);
                long asked = long.MaxValue;
                if (stopped < wanted && await Task.WhenAny(finish, Task.Delay(whole * random.NextDouble(), TestContext.Current.CancellationToken)) != finish)
                {
                    asked = Stopwatch.GetTimestamp();
                    Process.Start("kill", ["-" + signal, $"{process.Id}"]).WaitForExit();
                    stopped++;
                }
                Run ended = await finish;
                Assert.True(asked == long.MaxValue || Stopwatch.GetElapsedTime(asked) < TimeSpan.FromSeconds(5), $"It took {Stopwatch.GetElapsedTime(asked)} to stop.");
                isFinished = ended.ExitCode == 0;
                Assert.True(isFinished || exitCodes.Contains(ended.ExitCode), $"Exit code {ended.ExitCode}: {ended.Error}");
                AssertNothingIsTorn(path);
            }
            Assert.Equal(expected, Contents(path));
        }
    }

    private static void AssertNothingIsTorn(string path)
    {
        if (!File.Exists(Path.Combine(path, "recipe.json")))
            return;
        RunFolder folder = RunFolder.Open(path);
        _ = folder.ReadOptions();
        Assert.All(folder.Checkpoints.List(), checkpoint => Assert.Null(CheckpointFolder.FindFault(checkpoint.Path, checkpoint.Step)));
        if (File.Exists(folder.EncoderPath))
            _ = SafetensorsFile.ReadHeader(folder.EncoderPath);
    }

    // Encoder, whole state and every metric but those that tell the time.
    private static string[] Contents(string path)
    {
        RunFolder folder = RunFolder.Open(path);
        string newest = folder.Checkpoints.List()[0].Path;
        IEnumerable<string> files = new[] { folder.EncoderPath, Path.Combine(newest, "state.safetensors") }
            .Select(file => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file))));
        IEnumerable<string> metrics = File.ReadLines(folder.MetricsPath).Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            return string.Join(" ", json.RootElement.EnumerateObject().Where(p => p.Name is not ("images-per-second" or "data-wait")));
        });
        return [Path.GetFileName(newest), .. files, .. metrics];
    }

    // string.GetHashCode differs from process to process.
    private static int HashCode(int seed, params string[] words) => words.SelectMany(w => w).Aggregate(seed, (hash, letter) => unchecked((hash * 31) + letter));
}
