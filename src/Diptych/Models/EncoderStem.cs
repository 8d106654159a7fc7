namespace Diptych.Models;

/// <summary>The first layers of a ResNet.</summary>
public enum EncoderStem
{
    /// <summary>3×3 convolution, stride 1, no pooling: for images up to 64 pixels. Source: Chen et al., arXiv 2002.05709, appendix B.9.</summary>
    Small,

    /// <summary>7×7 convolution, stride 2, then 3×3 max-pooling, stride 2. Source: He et al., arXiv 1512.03385.</summary>
    ImageNet,
}
