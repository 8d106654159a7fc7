using Diptych.Data;

namespace Diptych.Views;

/// <summary>What of an image a pass needs: what the crops of its views cover, and all of it where it is kept or seen whole.</summary>
/// <param name="plan">The pass.</param>
/// <param name="keptLength">Decoded images of at most so many bytes are kept.</param>
internal sealed class NeededRegion(PassPlan plan, long keptLength) : IRegionChoice
{
    /// <summary>The image about to be decoded.</summary>
    public int Image { get; set; }

    // The draws are made again when the views are: that costs a thousandth of decoding.
    public ImageRegion Choose(int width, int height)
    {
        if (plan.Epoch is not { } epoch || 4L * width * height <= keptLength)
            return ImageRegion.Whole(width, height);
        ImageRegion region = CropOf(0);
        for (int view = 1; view < plan.Views; view++)
            region = region.Union(CropOf(view));
        return region;

        ImageRegion CropOf(int view) => ViewDraw.For(plan.Recipe, width, height, plan.Seed, epoch, Image, view).Crop;
    }
}
