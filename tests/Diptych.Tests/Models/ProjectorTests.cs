using Diptych.Models;
using static TorchSharp.torch;

namespace Diptych.Tests.Models;

public sealed class ProjectorTests
{
    [Fact]
    public void Is_linear_batch_norm_relu_linear()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var projector = new Projector(6, 10, 4);
        var state = projector.state_dict();
        Tensor features = randn(7, 6);
        Tensor hidden = features.mm(state["layers.0.weight"].t());
        Tensor normal = (hidden - hidden.mean([0L])) / (hidden.var(0, unbiased: false) + 1e-5).sqrt();
        Tensor expected = normal.clamp_min(0).mm(state["layers.3.weight"].t()) + state["layers.3.bias"];
        Assert.True(expected.allclose(projector.call(features), atol: 1e-5));
    }
}
