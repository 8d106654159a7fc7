namespace Diptych.Models;

/// <summary>One line of the table of encoders.</summary>
/// <param name="Name">What options and recipes call it; torchvision's name where torchvision has it.</param>
/// <param name="Description">What it is, in a line.</param>
/// <param name="Blocks">Blocks in each of the four stages.</param>
/// <param name="HasBottlenecks">Whether its blocks are bottlenecks, whose output has four times the stage's channels.</param>
/// <param name="Widening">Channels inside a bottleneck, in units of the stage's.</param>
public sealed record KnownEncoder(string Name, string Description, IReadOnlyList<int> Blocks, bool HasBottlenecks, int Widening = 1)
{
    /// <summary>The encoders there are.</summary>
    public static IReadOnlyList<KnownEncoder> All { get; } =
    [
        new("resnet18", "the usual one for small images and small machines (arXiv 1512.03385)", [2, 2, 2, 2], false),
        new("resnet34", "twice as deep, with the same features (arXiv 1512.03385)", [3, 4, 6, 3], false),
        new("resnet50", "bottleneck blocks, 2048 features; the usual one for ImageNet (arXiv 1512.03385)", [3, 4, 6, 3], true),
        new("resnet101", "deeper still, 2048 features (arXiv 1512.03385)", [3, 4, 23, 3], true),
        new("wide_resnet50_2", "ResNet-50 with twice the channels inside its blocks (arXiv 1605.07146)", [3, 4, 6, 3], true, Widening: 2),
        new("resnet10", "one block a stage; quick on a CPU", [1, 1, 1, 1], false),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = All.Select(e => e.Name).ToArray();

    /// <summary>The encoder of that name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="InvalidInputException">The name is unknown.</exception>
    public static KnownEncoder Named(string name) =>
        All.FirstOrDefault(e => e.Name == name) ?? throw new InvalidInputException(NearMiss.Describe("encoder", name, Names));
}
