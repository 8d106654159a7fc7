using System.Diagnostics;
using System.Globalization;
using Diptych.Evaluation;
using static TorchSharp.torch;

namespace Diptych.Benchmarks;

/// <summary>Nearest neighbours beside the bare matrix product, and the seconds of the linear probe, in one run.</summary>
internal static class EvaluationTable
{
    private const int Bank = 50_000, Queries = 10_000, Length = 512, Classes = 10, K = 20, Rounds = 3;

    public static int Run(string device)
    {
        TorchRuntime.Load();
        int threads = Environment.ProcessorCount;
        set_num_threads(threads);
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        int[] labels = [.. Enumerable.Range(0, Bank).Select(i => i % Classes)];
        // Classes overlap, so that there is a penalty to choose.
        Tensor centres = randn([Classes, Length], generator: generator);
        Tensor bank = centres[tensor(labels.Select(l => (long)l).ToArray())] * 0.1 + randn([Bank, Length], generator: generator);
        Tensor queries = randn([Queries, Length], generator: generator).to(KnownDevice.Named(device));
        bank = bank.to(queries.device);
        var product = new List<double>();
        var search = new List<double>();
        for (int round = 0; round <= Rounds; round++)
        {
            double bare = Seconds(() => queries.mm(bank.t())[0, 0].item<float>()); // waits for a device
            double own = Seconds(() => NearestNeighbour.Predict(bank, labels, queries, Classes, K, 0.1));
            Console.Error.WriteLine(FormattableString.Invariant($"round {round}: product {bare:F2} s, nearest neighbour {own:F2} s"));
            if (round == 0)
                continue; // warms up
            product.Add(bare);
            search.Add(own);
        }
        double penalty = 0, choose = Seconds(() => penalty = LinearProbe.Choose(bank, labels, Classes, seed: 1));
        double fit = Seconds(() => LinearProbe.Fit(bank, labels, Classes, penalty).Dispose());
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            # Evaluation on {Bank:N0} features of length {Length}

            Made-up features, float32, {(device == Bench.Cpu ? $"{threads} threads" : $"on {device}")}. Nearest neighbour: {Queries:N0} queries, k = {K}, with normalizing, votes and the check that all is finite; the bare product is one `mm` of the same matrices. Median [minimum–maximum] of {Rounds} rounds in turns. Linear probe: {Classes} classes, one run: penalty chosen among {LinearProbe.Path.Count} on a held-out fifth, then the fit on all.
            Machine: {Bench.Machine}, {Bench.Libtorch}.
            {Bench.Command("evaluation", device)}

            | work | seconds | ratio to the bare product |
            |---|---|---|
            | bare matrix product | {Bench.Row(product, device == Bench.Cpu ? 2 : 4)} | 1 |
            | nearest neighbour, whole | {Bench.Row(search, device == Bench.Cpu ? 2 : 4)} | {Bench.Ratio(search, product)} |
            | linear probe, choice of the penalty | {choose:F1} | |
            | linear probe, fit at the chosen penalty {penalty:G1} | {fit:F1} | |
            """));
        return 0;
    }

    private static double Seconds(Action work)
    {
        using var scope = NewDisposeScope();
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
