namespace Diptych.Views;

/// <summary>One number a channel, in units of the full range (1 = 255).</summary>
/// <param name="Red">The red channel's.</param>
/// <param name="Green">The green channel's.</param>
/// <param name="Blue">The blue channel's.</param>
public readonly record struct Rgb(float Red, float Green, float Blue)
{
    /// <summary>Channel 0 is red, 1 green, 2 blue.</summary>
    public float this[int channel] => channel switch { 0 => Red, 1 => Green, 2 => Blue, _ => throw new ArgumentOutOfRangeException(nameof(channel)) };
}
