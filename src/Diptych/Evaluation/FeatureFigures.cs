namespace Diptych.Evaluation;

/// <summary>What can be said of features without a classifier, on the test images.</summary>
/// <param name="Features">Which features.</param>
/// <param name="EffectiveRank">See <see cref="FeatureSpread"/>.</param>
/// <param name="Uniformity">See <see cref="FeatureSpread"/>.</param>
/// <param name="Retrieval">Test images finding labelled training images of their class; null where not asked for.</param>
/// <param name="Clusters">K-means groups of the test features, scaled to length 1, against the labels; null where not asked for.</param>
public sealed record FeatureFigures(string Features, double EffectiveRank, double Uniformity, RetrievalMetrics? Retrieval, ClusterAgreement? Clusters);
