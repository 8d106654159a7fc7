using Diptych.Models;
using Diptych.Views;

namespace Diptych.Evaluation;

/// <summary>An encoder to judge; an evaluation changes nothing in it.</summary>
/// <param name="Encoder">Images to features.</param>
/// <param name="Views">Size, mean and standard deviation of its input.</param>
/// <param name="Name">What to call it in the table, such as <c>dcl</c>.</param>
public sealed record EvaluatedEncoder(ResNet Encoder, ViewRecipe Views, string Name)
{
    /// <summary>Epochs it was trained for; null where nobody knows.</summary>
    public int? Epoch { get; init; }

    /// <summary>Features to embeddings, judged too where given.</summary>
    public Projector? Projector { get; init; }
}
