namespace Diptych.Views;

/// <summary>One colour change with its drawn factor.</summary>
/// <param name="Kind">Which change.</param>
/// <param name="Factor">1 leaves the image as it is; for <see cref="JitterKind.Hue"/>, 0 does.</param>
public readonly record struct JitterStep(JitterKind Kind, double Factor);
