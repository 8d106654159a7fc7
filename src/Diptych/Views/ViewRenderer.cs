using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Diptych.Data;
using Diptych.Views.Kernels;

namespace Diptych.Views;

/// <summary>Makes views from decoded images. Holds scratch memory that only grows: one for each thread.</summary>
public sealed unsafe class ViewRenderer
{
    private readonly Resizer _resizer = new();
    private readonly GaussianBlur _gaussianBlur = new();
    private readonly PillowBlur _pillowBlur = new();
    private Planes _planes = new(), _turned = new();
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
        Work(source, draw, recipe);
        Write(_planes, rgbx);
    }

    /// <summary>Makes a drawn view as a batch holds it.</summary>
    /// <inheritdoc cref="Render"/>
    /// <param name="source">The decoded image the draw was made for.</param>
    /// <param name="draw">What to do.</param>
    /// <param name="recipe">Size, channels, filter and kind of blur.</param>
    /// <param name="packed">Receives <c>[Size, Size, Channels]</c>.</param>
    public void RenderPacked(ImageBuffer source, ViewDraw draw, ViewRecipe recipe, Span<byte> packed)
    {
        CheckCrop(source, draw.Crop);
        CheckLength(packed.Length, recipe.Size * recipe.Size * recipe.Channels);
        Work(source, draw, recipe);
        Pack(_planes, packed);
    }

    /// <summary>Makes the view that evaluation sees, without chance, as a batch holds it: the shorter side resized (bilinear), then the central square.</summary>
    /// <param name="source">The decoded image.</param>
    /// <param name="recipe">Its size decides: from 96 pixels up the shorter side becomes Size·256/224 first, below that Size.</param>
    /// <param name="packed">Receives <c>[Size, Size, Channels]</c>.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void RenderWhole(ImageBuffer source, ViewRecipe recipe, Span<byte> packed)
    {
        CheckLength(packed.Length, recipe.Size * recipe.Size * recipe.Channels);
        WorkWhole(source, recipe);
        Pack(_turned, packed);
    }

    /// <summary>Resizes a whole image to any size.</summary>
    internal void Resize(ImageBuffer source, Span<byte> rgbx, int width, int height, ResizeFilter filter)
    {
        CheckLength(rgbx.Length, width * height * 4);
        _planes.Resize(width, height, 3);
        Resize(source, ImageRegion.Whole(source.Width, source.Height), filter);
        Write(_planes, rgbx);
    }

    // Everything up to the last operation on pixels; leaves the view in _planes.
    private void Work(ImageBuffer source, ViewDraw draw, ViewRecipe recipe)
    {
        _planes.Resize(recipe.Size, recipe.Size, recipe.Channels);
        Resize(source, draw.Crop, recipe.Filter, draw.IsFlippedHorizontally, draw.IsFlippedVertically);
        if (draw.QuarterTurns != 0)
        {
            Turns.Apply(_planes, _turned, draw.QuarterTurns);
            (_planes, _turned) = (_turned, _planes);
        }
        foreach (JitterStep step in draw.Jitter)
            Jitter(_planes, step);
        if (draw.IsGrayscale)
            PixelMap.Apply(_planes, new Grayscale());
        if (draw.BlurSigma is { } sigma)
        {
            if (recipe.BlurKind == BlurKind.Gaussian)
                _gaussianBlur.Apply(_planes, recipe.BlurKernel, sigma);
            else
                _pillowBlur.Apply(_planes, sigma);
        }
        if (draw.SolarizeThreshold is { } threshold)
            ValueMap.Apply(_planes, new Solarize(threshold));
    }

    // Leaves the view in _turned.
    private void WorkWhole(ImageBuffer source, ViewRecipe recipe)
    {
        int size = recipe.Size, shorter = size >= 96 ? (int)Math.Round(size * 256 / 224.0) : size;

        // As torchvision's Resize and CenterCrop: the longer side truncated, the margin rounded half to even.
        bool isPortrait = source.Width <= source.Height;
        double exact = (double)shorter * (isPortrait ? source.Height : source.Width) / (isPortrait ? source.Width : source.Height);
        if (exact * shorter > ImageDecoder.MaximumPixels)
            throw new InvalidInputException($"at {source.Width:N0} × {source.Height:N0} pixels it is too narrow to be shown whole: with its shorter side made {shorter:N0} pixels it would have more than {ImageDecoder.MaximumPixels:N0}");
        int longer = (int)exact;
        (int width, int height) = isPortrait ? (shorter, longer) : (longer, shorter);
        int left = (int)Math.Round((width - size) / 2.0), top = (int)Math.Round((height - size) / 2.0);

        _planes.Resize(width, height, recipe.Channels);
        Resize(source, ImageRegion.Whole(source.Width, source.Height), ResizeFilter.Bilinear);
        _turned.Resize(size, size, recipe.Channels);
        for (int colour = 0; colour < recipe.Channels; colour++)
        {
            for (int y = 0; y < size; y++)
                Unsafe.CopyBlockUnaligned(_turned[colour] + (nint)y * size, _planes[colour] + (nint)(top + y) * width + left, (uint)size);
        }
    }

    // Flipping is reading the resizer's tables from their ends.
    private void Resize(ImageBuffer source, ImageRegion crop, ResizeFilter filter, bool isMirrored = false, bool isUpsideDown = false)
    {
        if (_planes.Count == 3)
        {
            _resizer.Resize(source.Pixels, source.Width, crop, _planes, filter, isMirrored, isUpsideDown);
            return;
        }
        // Gray first: resizing three channels and then mixing them would round otherwise.
        Span<byte> gray = Room(ref _gray, crop.Width * crop.Height * 4);
        ReadOnlySpan<uint> pixels = MemoryMarshal.Cast<byte, uint>(source.Pixels);
        Span<uint> grayPixels = MemoryMarshal.Cast<byte, uint>(gray);
        for (int y = 0; y < crop.Height; y++)
            Luma.Apply(pixels.Slice((crop.Top + y) * source.Width + crop.Left, crop.Width), grayPixels.Slice(y * crop.Width, crop.Width));
        _resizer.Resize(gray, crop.Width, ImageRegion.Whole(crop.Width, crop.Height), _planes, filter, isMirrored, isUpsideDown);
    }

    private static void Jitter(Planes view, JitterStep step)
    {
        switch (step.Kind)
        {
            case JitterKind.Brightness: ValueMap.Apply(view, new Blend(step.Factor, 0)); break;
            case JitterKind.Contrast: ValueMap.Apply(view, new Blend(step.Factor, Luma.Mean(view))); break;
            case JitterKind.Saturation: PixelMap.Apply(view, new Saturation(step.Factor)); break;
            case JitterKind.Hue: PixelMap.Apply(view, new Hue(step.Factor)); break;
            default: throw new ArgumentException($"Jitter kind {step.Kind} does not exist.", nameof(step));
        }
    }

    private void Pack(Planes view, Span<byte> packed)
    {
        if (view.Count == 3 && Planes.CanPack)
        {
            view.WritePacked(packed);
            return;
        }
        Span<byte> rgbx = Room(ref _view, view.Length * 4);
        Write(view, rgbx);
        RawPixels.Pack(rgbx, packed, view.Count);
    }

    private static void Write(Planes view, Span<byte> rgbx)
    {
        fixed (byte* pixels = rgbx)
            view.Write((uint*)pixels);
    }

    private static void CheckCrop(ImageBuffer source, ImageRegion crop)
    {
        if (!crop.IsWithin(source.Width, source.Height))
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
