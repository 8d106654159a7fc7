namespace Diptych.Tests;

public sealed class NearMissTests
{
    [Theory]
    [InlineData("simcrl", "simclr")]
    [InlineData("SIMCLR", "simclr")]
    [InlineData("moc", "moco")]
    [InlineData("vit", null)]
    [InlineData("", null)]
    public void The_word_that_was_meant_is_found_or_none(string word, string? meant) =>
        Assert.Equal(meant, NearMiss.Find(word, ["simclr", "moco", "nnclr"]));

    [Fact]
    public void The_sentence_names_what_is_known() =>
        Assert.Equal("Unknown loss 'x'. Known losses: dclw, infonce.", NearMiss.Describe("loss", "x", ["dclw", "infonce"]));
}
