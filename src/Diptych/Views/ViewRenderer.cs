using Diptych.Data;
using Diptych.Views.Kernels;

namespace Diptych.Views;

/// <summary>Makes views from decoded images. Holds scratch memory that only grows: one for each thread.</summary>
public sealed class ViewRenderer
{
    private readonly Resizer _resizer = new();
    private readonly GaussianBlur _gaussianBlur = new();
    private readonly PillowBlur _pillowBlur = new();
    private byte[] _scratch = [];
    private byte[] _view = [];
    private byte[] _gray = [];

    /// <summary>Makes a drawn view as pixels: the bytes that Pillow and torchvision make of the same draw.</summary>
    /// <param name="source">The decoded image the draw was made for.</param>
    /// <param name="draw">What to do.</param>
    /// <param name="recipe">Size, channels, filter and kind of blur.</param>
    /// <param name="rgbx">Receives <c>[Size, Size, 4]</c>: red, green, blue, 255; three times the same where the recipe has one channel.</param>
    /// <exception cref="ArgumentException">The crop leaves the image, or the destination has another length.</exception>
    public void Render(ImageBuffer source, ViewDraw draw, ViewRecipe recipe, Span<byte> rgbx)
    {
        CheckCrop(source, draw.Crop);
        CheckLength(rgbx.Length, recipe.Size * recipe.Size * 4);
        int size = recipe.Size;

        Resize(source, draw.Crop, recipe.Channels, rgbx, size, size, recipe.Filter);
        if (draw.IsFlippedHorizontally)
            Flips.Horizontal(rgbx, size);
        if (draw.IsFlippedVertically)
            Flips.Vertical(rgbx, size);
        if (draw.QuarterTurns != 0)
        {
            Span<byte> unturned = Room(ref _scratch, rgbx.Length);
            rgbx.CopyTo(unturned);
            Turns.Apply(unturned, rgbx, size, draw.QuarterTurns);
        }
        foreach (JitterStep step in draw.Jitter)
            Jitter(rgbx, step);
        if (draw.IsGrayscale)
            PixelMap.Apply(rgbx, new Grayscale());
        if (draw.BlurSigma is { } sigma)
        {
            if (recipe.BlurKind == BlurKind.Gaussian)
                _gaussianBlur.Apply(rgbx, size, size, recipe.BlurKernel, sigma);
            else
                _pillowBlur.Apply(rgbx, size, size, sigma);
        }
        if (draw.SolarizeThreshold is { } threshold)
            PixelMap.Apply(rgbx, new Solarize(threshold));
    }

    /// <summary>Makes a drawn view as a batch holds it.</summary>
    /// <inheritdoc cref="Render"/>
    /// <param name="source">The decoded image the draw was made for.</param>
    /// <param name="draw">What to do.</param>
    /// <param name="recipe">Size, channels, filter and kind of blur.</param>
    /// <param name="packed">Receives <c>[Size, Size, Channels]</c>.</param>
    public void RenderPacked(ImageBuffer source, ViewDraw draw, ViewRecipe recipe, Span<byte> packed)
    {
        CheckLength(packed.Length, recipe.Size * recipe.Size * recipe.Channels);
        Span<byte> view = Room(ref _view, recipe.Size * recipe.Size * 4);
        Render(source, draw, recipe, view);
        RawPixels.Pack(view, packed, recipe.Channels);
    }

    /// <summary>Makes the view that evaluation sees, without chance: the shorter side resized (bilinear), then the central square.</summary>
    /// <param name="source">The decoded image.</param>
    /// <param name="recipe">Its size decides: from 96 pixels up the shorter side becomes Size·256/224 first, below that Size.</param>
    /// <param name="rgbx">Receives <c>[Size, Size, 4]</c>.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void RenderWhole(ImageBuffer source, ViewRecipe recipe, Span<byte> rgbx)
    {
        int size = recipe.Size, shorter = size >= 96 ? (int)Math.Round(size * 256 / 224.0) : size;
        CheckLength(rgbx.Length, size * size * 4);

        // As torchvision's Resize and CenterCrop: the longer side truncated, the margin rounded half to even.
        bool isPortrait = source.Width <= source.Height;
        int longer = (int)((double)shorter * (isPortrait ? source.Height : source.Width) / (isPortrait ? source.Width : source.Height));
        (int width, int height) = isPortrait ? (shorter, longer) : (longer, shorter);
        int left = (int)Math.Round((width - size) / 2.0), top = (int)Math.Round((height - size) / 2.0);

        Span<byte> resized = Room(ref _scratch, checked(width * height * 4));
        Resize(source, CropBox.Whole(source.Width, source.Height), recipe.Channels, resized, width, height, ResizeFilter.Bilinear);
        for (int y = 0; y < size; y++)
            resized.Slice(((top + y) * width + left) * 4, size * 4).CopyTo(rgbx[(y * size * 4)..]);
    }

    /// <summary>Makes the view that evaluation sees as a batch holds it.</summary>
    /// <inheritdoc cref="RenderWhole"/>
    /// <param name="source">The decoded image.</param>
    /// <param name="recipe">Size and channels.</param>
    /// <param name="packed">Receives <c>[Size, Size, Channels]</c>.</param>
    public void RenderWholePacked(ImageBuffer source, ViewRecipe recipe, Span<byte> packed)
    {
        CheckLength(packed.Length, recipe.Size * recipe.Size * recipe.Channels);
        Span<byte> view = Room(ref _view, recipe.Size * recipe.Size * 4);
        RenderWhole(source, recipe, view);
        RawPixels.Pack(view, packed, recipe.Channels);
    }

    /// <summary>Resizes a whole image to any size.</summary>
    internal void Resize(ImageBuffer source, Span<byte> rgbx, int width, int height, ResizeFilter filter) =>
        _resizer.Resize(source.Pixels, source.Width, CropBox.Whole(source.Width, source.Height), rgbx, width, height, filter);

    private void Resize(ImageBuffer source, CropBox crop, int channels, Span<byte> rgbx, int width, int height, ResizeFilter filter)
    {
        if (channels != 1)
        {
            _resizer.Resize(source.Pixels, source.Width, crop, rgbx, width, height, filter);
            return;
        }
        // Gray first: resizing three channels and then mixing them would round otherwise.
        Span<byte> gray = Room(ref _gray, crop.Width * crop.Height * 4);
        for (int y = 0; y < crop.Height; y++)
            source.Pixels.Slice(((crop.Top + y) * source.Width + crop.Left) * 4, crop.Width * 4).CopyTo(gray[(y * crop.Width * 4)..]);
        PixelMap.Apply(gray, new Grayscale());
        _resizer.Resize(gray, crop.Width, CropBox.Whole(crop.Width, crop.Height), rgbx, width, height, filter);
    }

    private static void Jitter(Span<byte> rgbx, JitterStep step)
    {
        switch (step.Kind)
        {
            case JitterKind.Brightness: PixelMap.Apply(rgbx, new Brightness(step.Factor)); break;
            case JitterKind.Contrast: Contrast.Apply(rgbx, step.Factor); break;
            case JitterKind.Saturation: PixelMap.Apply(rgbx, new Saturation(step.Factor)); break;
            case JitterKind.Hue: PixelMap.Apply(rgbx, new Hue(step.Factor)); break;
            default: throw new ArgumentException($"Jitter kind {step.Kind} does not exist.", nameof(step));
        }
    }

    private static void CheckCrop(ImageBuffer source, CropBox crop)
    {
        bool isInside = crop.Left >= 0 && crop.Top >= 0 && crop.Width >= 1 && crop.Height >= 1
            && (long)crop.Left + crop.Width <= source.Width && (long)crop.Top + crop.Height <= source.Height;
        if (!isInside)
            throw new ArgumentException($"{crop} leaves the image of {source.Width} × {source.Height} pixels: the draw was made for another one.");
    }

    private static void CheckLength(int found, int expected)
    {
        if (found != expected)
            throw new ArgumentException($"The destination must have {expected:N0} elements for this recipe's size, but has {found:N0}.");
    }

    private static Span<byte> Room(ref byte[] memory, int length)
    {
        if (memory.Length < length)
            memory = GC.AllocateUninitializedArray<byte>(length);
        return memory.AsSpan(0, length);
    }
}
