using Diptych.Data;

namespace Diptych.Tests.Data;

public sealed class ImageThreadsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Of_several_failures_the_first_images_is_told_and_all_before_it_are_done(int workers)
    {
        bool[] done = new bool[1000];
        var fault = Assert.Throws<InvalidInputException>(() => ImageThreads.ForEach(done.Length, workers, () => new ImageBuffer(), (index, _) =>
        {
            if (index >= 300 && index % 100 == 7)
                throw new InvalidInputException($"image {index}");
            done[index] = true;
        }, TestContext.Current.CancellationToken));
        Assert.Equal("image 307", fault.Message);
        Assert.DoesNotContain(false, done[..307]);
    }
}
