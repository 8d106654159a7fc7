namespace Diptych.Evaluation;

/// <summary>How good one kind of features is, by nearest neighbours.</summary>
/// <param name="Features">Which features: <c>raw pixels</c>, <c>untrained encoder</c>, <c>dcl</c>.</param>
/// <param name="Accuracy">Share of test images classified rightly with all labels, in [0, 1].</param>
/// <param name="FewLabelsMean">The same with few labels: mean over the draws.</param>
/// <param name="FewLabelsDeviation">Standard deviation over the draws (n − 1); 0 for one draw.</param>
public sealed record NearestNeighbourResult(string Features, double Accuracy, double FewLabelsMean, double FewLabelsDeviation);
