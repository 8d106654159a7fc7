namespace Diptych.Models;

/// <summary>Which layers stand between features and loss. Each hidden layer ends in ReLU.</summary>
public enum ProjectorKind
{
    /// <summary>Linear, batch-norm, ReLU, linear. Source: Chen et al., arXiv 2002.05709, section 4.2. Also NNCLR's predictor.</summary>
    SimClr,

    /// <summary>Linear, ReLU, linear. Source: Chen et al., arXiv 2003.04297 (MoCo v2).</summary>
    MoCo,

    /// <summary>Three linear layers, each with batch-norm, the last one too. Source: Dwibedi et al., arXiv 2104.14548, section 4.1.</summary>
    NnClr,
}
