using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class ImageSubsetTests
{
    [Fact]
    public void Gives_the_chosen_images_in_the_chosen_order()
    {
        using var source = new LabelledSource([0, 1, 2, 1], ["a", "b", "c"]);
        using var subset = new ImageSubset(source, [3, 0]);
        Assert.Equal(["image-3", "image-0"], subset.Names());
        Assert.Equal([1, 0], subset.Labels());
        Assert.Equal(["a", "b", "c"], subset.LabelNames!);
        Assert.Equal(3, subset.Image(0).Pixels[0]);
        Assert.Equal("memory (2 of 4)", subset.Description);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Disposes_the_source_only_when_it_owns_it(bool ownsSource)
    {
        using var source = new LabelledSource([0], null);
        new ImageSubset(source, [0], ownsSource).Dispose();
        Assert.Equal(ownsSource, source.IsDisposed);
    }

    [Fact]
    public void A_bad_image_has_its_number_in_the_subset()
    {
        using var source = new LabelledSource([0, 0, 0], null, unreadable: 2);
        using var subset = new ImageSubset(source, [2, 1]);
        var fault = Assert.Throws<UnreadableImageException>(() => subset.Image(0));
        Assert.StartsWith("image-2 (1 of 2) is not a readable image: reason 2.", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("A subset needs at least one image. (Parameter 'indices')")]
    [InlineData("Index 3 lies outside the source's 3 images. (Parameter 'indices')", 0, 3)]
    [InlineData("Index -1 lies outside the source's 3 images. (Parameter 'indices')", -1)]
    [InlineData("Index 1 occurs twice; the names of a source are unique. (Parameter 'indices')", 1, 0, 1)]
    public void Refuses_indices_that_do_not_choose(string message, params int[] indices)
    {
        using var source = new LabelledSource([0, 0, 0], null);
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new ImageSubset(source, indices)).Message);
    }
}
