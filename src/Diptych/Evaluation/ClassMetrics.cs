namespace Diptych.Evaluation;

/// <summary>How one class fares.</summary>
/// <param name="Name">The class.</param>
/// <param name="Images">Test images of the class.</param>
/// <param name="Recall">Share of them named rightly; null without images.</param>
/// <param name="RecallInterval">Its 95 % interval.</param>
/// <param name="Precision">Share of those named so that are; null where none was named so.</param>
/// <param name="F1">Harmonic mean of both; 0 where nothing is right.</param>
public sealed record ClassMetrics(string Name, int Images, double? Recall, Interval? RecallInterval, double? Precision, double F1);
