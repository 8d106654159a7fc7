using Diptych.Methods;

namespace Diptych.Training;

/// <summary>One line of the table of optimizers.</summary>
/// <param name="Name">What options and recipes call it.</param>
/// <param name="LearningRate">The usual peak learning rate for 256 images in a step.</param>
/// <param name="Create">Makes it for a method, with the settings.</param>
public sealed record KnownOptimizer(string Name, double LearningRate, Func<IMethod, PretrainOptions, Optimizer> Create)
{
    private const double Momentum = 0.9;

    /// <summary>The optimizers there are.</summary>
    public static IReadOnlyList<KnownOptimizer> All { get; } =
    [
        new("sgd", 0.24, (method, options) => new Sgd(method, Momentum, options.WeightDecay, options.Nesterov)),
        new("lars", 0.3, (method, options) => new Lars(method, Momentum, options.WeightDecay)),
        new("adamw", 0.001, (method, options) => new AdamW(method, options.WeightDecay)),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = All.Select(o => o.Name).ToArray();

    /// <summary>The optimizer of that name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="InvalidInputException">The name is unknown.</exception>
    public static KnownOptimizer Named(string name) =>
        All.FirstOrDefault(o => o.Name == name) ?? throw new InvalidInputException(NearMiss.Describe("optimizer", name, Names));
}
