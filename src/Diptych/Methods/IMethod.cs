using Diptych.Losses;
using Diptych.Models;
using static TorchSharp.torch;

namespace Diptych.Methods;

/// <summary>Decides which embeddings meet in the loss, and what is remembered from one step to the next.</summary>
/// <remarks>
/// A step is <see cref="Embed"/> and <see cref="EmbedTargets"/>, then <see cref="Compare"/>, backward, <see cref="Remember"/>, the optimizer,
/// <see cref="FollowStep"/>. The networks stand apart from the loss, so that a batch may pass through them in parts.
/// Any method takes any <see cref="ContrastiveLoss"/>.
/// </remarks>
public interface IMethod : IDisposable
{
    /// <summary>The encoder being trained.</summary>
    ResNet Encoder { get; }

    /// <summary>Everything the method keeps, by name: parameters and buffers are its whole state. Those that ask for no gradient are not trained.</summary>
    IReadOnlyList<(string Name, nn.Module Module)> Networks { get; }

    /// <summary>Images that it wants to <see cref="Fill"/> its memory with before the first step; 0 for none.</summary>
    int ImagesWanted { get; }

    /// <summary>Remembers embeddings of a batch without learning from it, so that the first steps have real ones to compare with.</summary>
    /// <param name="views">As for <see cref="Embed"/>.</param>
    /// <param name="images">The number of each of the N images, by which it is known again; no two are the same.</param>
    void Fill(Tensor views, IReadOnlyList<int> images);

    /// <summary>Runs the trained networks.</summary>
    /// <param name="views">Normalized views, <c>[2N, C, H, W]</c>: the first view of all N images, then the second.</param>
    TrainedEmbeddings Embed(Tensor views);

    /// <summary>Runs the networks that are not trained, where there are any.</summary>
    /// <param name="views">As for <see cref="Embed"/>.</param>
    /// <returns>Constants, each <c>[N, D]</c>; empty for methods without such networks.</returns>
    IReadOnlyList<Tensor> EmbedTargets(Tensor views);

    /// <summary>The loss of a batch, one value a direction: the step minimizes their mean.</summary>
    /// <param name="rows">Rows that <see cref="Embed"/> gave, of the whole batch.</param>
    /// <param name="targets">What <see cref="EmbedTargets"/> gave, of the whole batch.</param>
    /// <param name="images">As for <see cref="Fill"/>.</param>
    /// <param name="loss">Which loss judges them.</param>
    /// <param name="labels">The class of each image, to learn with labels; null to learn without. Only methods that <see cref="KnownMethod.TakesLabels"/> take them.</param>
    /// <exception cref="ArgumentException">An embedding is zero or not finite, there are no negatives, or the method takes no labels.</exception>
    IReadOnlyList<LossValue> Compare(IReadOnlyList<Tensor> rows, IReadOnlyList<Tensor> targets, IReadOnlyList<int> images, ContrastiveLoss loss, IReadOnlyList<int>? labels = null);

    /// <summary>Keeps embeddings of a batch for later steps; call it after the loss.</summary>
    /// <param name="rows">As for <see cref="Compare"/>.</param>
    /// <param name="targets">As for <see cref="Compare"/>.</param>
    /// <param name="images">As for <see cref="Fill"/>.</param>
    void Remember(IReadOnlyList<Tensor> rows, IReadOnlyList<Tensor> targets, IReadOnlyList<int> images);

    /// <summary>What follows an update of the trained networks.</summary>
    void FollowStep();
}
