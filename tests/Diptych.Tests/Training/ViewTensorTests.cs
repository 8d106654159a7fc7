using System.Runtime.InteropServices;
using Diptych.Tests.Views;
using Diptych.Training;
using Diptych.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Tests.Training;

public sealed class ViewTensorTests
{
    [Theory]
    [InlineData("cifar")]
    [InlineData("satellite")]
    [InlineData("gray")]
    public void Bytes_are_normalized_by_the_recipe_they_were_drawn_with(string name)
    {
        using var scope = NewDisposeScope();
        ViewRecipe recipe = ViewRecipe.Named(name, size: 24) with { Mean = new(0.491f, 0.482f, 0.447f), StandardDeviation = new(0.247f, 0.243f, 0.262f) };
        using var source = new PixelSource(53);
        using var loader = new ViewLoader(source, recipe, new ViewLoaderOptions { BatchSize = 7, DropLast = false });
        int images = 0;
        foreach (ViewBatch batch in loader.ReadEpoch(0, Enumerable.Range(0, 17).ToArray()))
        {
            Tensor here = ViewTensor.From(batch, CPU), sent = ViewTensor.OnDevice(batch, CPU);
            Assert.Equal([2 * batch.Count, recipe.Channels, 24, 24], here.shape);
            Assert.Equal(here.shape, sent.shape);
            Assert.Equal(here.stride(), sent.stride());
            float[] values = here.permute(0, 2, 3, 1).contiguous().data<float>().ToArray();
            for (int i = 0; i < values.Length; i++)
            {
                int channel = i % recipe.Channels;
                Assert.Equal((batch.Pixels[i] / 255f - recipe.Mean[channel]) / recipe.StandardDeviation[channel], values[i]);
            }
            // What another device computes, computed here: the same bits.
            Assert.Equal(Bits(here), Bits(sent));
            images += batch.Count;
        }
        Assert.Equal(17, images);
    }

    [Theory]
    [Trait(Gpu.Trait, Gpu.Name)]
    [InlineData("cifar")]
    [InlineData("gray")]
    public void On_a_GPU_views_have_the_same_bits(string name)
    {
        Device gpu = Gpu.OrSkip();
        using var scope = NewDisposeScope();
        using var source = new PixelSource(53);
        using var loader = new ViewLoader(source, ViewRecipe.Named(name, size: 24), new ViewLoaderOptions { BatchSize = 7 });
        ViewBatch batch = loader.ReadEpoch(0, Enumerable.Range(0, 7).ToArray()).Single();
        Tensor here = ViewTensor.From(batch, CPU), there = ViewTensor.From(batch, gpu);
        Assert.Equal(here.stride(), there.stride());
        Assert.Equal(Bits(here), Bits(there.cpu()));
    }

    [Fact]
    public void Views_that_no_cache_holds_are_normalized_to_the_same_bits()
    {
        using var scope = NewDisposeScope();
        ViewRecipe recipe = ViewRecipe.Named("imagenet");
        using var source = new PixelSource(15);
        using var loader = new ViewLoader(source, recipe, new ViewLoaderOptions { BatchSize = 15 });
        ViewBatch batch = loader.ReadEpoch(0, Enumerable.Range(0, 15).ToArray()).Single();
        Assert.True(batch.Length > 1 << 22);
        Tensor here = ViewTensor.From(batch, CPU), sent = ViewTensor.OnDevice(batch, CPU);
        Assert.Equal(0, (here != sent).sum().item<long>());
    }

    [Fact]
    public void Only_the_views_are_left_for_the_caller_to_dispose()
    {
        using var source = new PixelSource(4);
        using var loader = new ViewLoader(source, ViewRecipe.Named("cifar"), new ViewLoaderOptions { BatchSize = 4 });
        ViewBatch batch = loader.ReadEpoch(0, Enumerable.Range(0, 4).ToArray()).Single();
        long before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        using (ViewTensor.From(batch, CPU))
            Assert.Equal(before + 1, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    private static int[] Bits(Tensor values) => MemoryMarshal.Cast<float, int>(values.permute(0, 2, 3, 1).contiguous().data<float>().ToArray()).ToArray();
}
