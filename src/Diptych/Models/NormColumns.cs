namespace Diptych.Models;

/// <summary>What a batch-norm does with each channel, in the order of <see cref="IRowValues.Column"/>.</summary>
/// <param name="count">Number of channels.</param>
internal sealed class NormColumns(int count)
{
    /// <summary>What a value is multiplied by.</summary>
    public float[] Scale { get; } = new float[count];

    /// <summary>What is added then.</summary>
    public float[] Offset { get; } = new float[count];

    /// <summary>Mean of the channel.</summary>
    public float[] Mean { get; } = new float[count];

    /// <summary>What the channel is divided by: √(variance + ε).</summary>
    public double[] Deviation { get; } = new double[count];

    /// <summary>Sets one channel's figures.</summary>
    /// <param name="at">Where.</param>
    /// <param name="mean">Mean.</param>
    /// <param name="deviation">√(variance + ε).</param>
    /// <param name="weight">The layer's weight, γ.</param>
    /// <param name="bias">The layer's bias, β.</param>
    public void Set(int at, double mean, double deviation, float weight, float bias)
    {
        Scale[at] = (float)(weight / deviation);
        Offset[at] = (float)(bias - mean * weight / deviation);
        Mean[at] = (float)mean;
        Deviation[at] = deviation;
    }
}
