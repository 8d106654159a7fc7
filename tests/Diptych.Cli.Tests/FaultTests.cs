namespace Diptych.Cli.Tests;

public sealed class FaultTests
{
    [Fact]
    public void A_fault_of_the_tools_own_ends_with_exit_code_1() =>
        Assert.Equal(1, Tool.Guarded(() => throw new InvalidOperationException("a fault"), () => null));
}
