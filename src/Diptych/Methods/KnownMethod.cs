using Diptych.Models;

namespace Diptych.Methods;

/// <summary>One line of the table of methods. Each takes every loss.</summary>
/// <param name="Name">What options and recipes call it.</param>
/// <param name="Description">What it does, in a line.</param>
/// <param name="Create">Builds it around an encoder, which it then owns.</param>
public sealed record KnownMethod(string Name, string Description, Func<ResNet, MethodSettings, IMethod> Create)
{
    /// <summary>Whether it can also learn with labels.</summary>
    public bool TakesLabels { get; init; }

    /// <summary>The methods there are.</summary>
    public static IReadOnlyList<KnownMethod> All { get; } =
    [
        new("simclr", "negatives are the other images of the batch (arXiv 2002.05709)", (encoder, settings) =>
            new SimClr(encoder, Project(encoder, ProjectorKind.SimClr, settings))) { TakesLabels = true },
        new("moco", "negatives are a queue of embeddings by a slow copy of the encoder (arXiv 2003.04297)", (encoder, settings) =>
            new MoCo(encoder, Project(encoder, ProjectorKind.MoCo, settings), new ResNet(encoder.Settings) { Precision = encoder.Precision }, Project(encoder, ProjectorKind.MoCo, settings),
                settings.Queue, settings.Momentum, settings.IsSymmetric)),
        new("nnclr", "anchors are nearest neighbours in a support set of earlier embeddings (arXiv 2104.14548)", (encoder, settings) =>
            new NnClr(encoder, Project(encoder, ProjectorKind.NnClr, settings),
                new Projector(settings.EmbeddingSize, settings.Hidden, settings.EmbeddingSize, settings.Seed + 1), settings.SupportSet)),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = All.Select(m => m.Name).ToArray();

    /// <summary>The method of that name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="InvalidInputException">The name is unknown.</exception>
    public static KnownMethod Named(string name) =>
        All.FirstOrDefault(m => m.Name == name) ?? throw new InvalidInputException(NearMiss.Describe("method", name, Names));

    internal static void RequireNoLabels(IReadOnlyList<int>? labels)
    {
        if (labels is not null)
            throw new ArgumentException($"Only {string.Join(", ", All.Where(m => m.TakesLabels).Select(m => m.Name))} learns with labels.");
    }

    private static Projector Project(ResNet encoder, ProjectorKind kind, MethodSettings settings) =>
        new(encoder.Settings.FeatureCount, settings.Hidden, settings.EmbeddingSize, settings.Seed, kind);
}
