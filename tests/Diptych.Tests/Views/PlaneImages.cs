using Diptych.Data;
using Diptych.Views;
using Diptych.Views.Kernels;

namespace Diptych.Tests.Views;

/// <summary>Kernels run on pixels of four bytes.</summary>
internal static unsafe class PlaneImages
{
    /// <summary>Does something to the planes of an image and writes them back.</summary>
    public static void Change(byte[] rgbx, int width, int height, Action<Planes> change)
    {
        var planes = new Planes();
        planes.Resize(width, height, 3);
        fixed (byte* pixels = rgbx)
        {
            planes.Read((uint*)pixels);
            change(planes);
            planes.Write((uint*)pixels);
        }
    }

    /// <summary>Maps values.</summary>
    public static void Map(byte[] rgbx, int width, int height, Blend blend) => Change(rgbx, width, height, planes => ValueMap.Apply(planes, blend));

    /// <summary>Blends an image with its own mean luma.</summary>
    public static void Contrast(byte[] rgbx, int width, int height, double factor) =>
        Change(rgbx, width, height, planes => ValueMap.Apply(planes, new Blend(factor, Luma.Mean(planes))));

    /// <summary>Maps pixels.</summary>
    public static void Map<TMap>(byte[] rgbx, int width, int height, TMap map) where TMap : struct, IPixelMap => Change(rgbx, width, height, planes => PixelMap.Apply(planes, map));

    /// <summary>Resizes a part of an image.</summary>
    public static byte[] Resize(byte[] rgbx, int sourceWidth, ImageRegion crop, int width, int height, ResizeFilter filter, bool isMirrored = false, bool isUpsideDown = false)
    {
        var planes = new Planes();
        planes.Resize(width, height, 3);
        new Resizer().Resize(rgbx, sourceWidth, crop, planes, filter, isMirrored, isUpsideDown);
        byte[] resized = new byte[width * height * 4];
        fixed (byte* pixels = resized)
            planes.Write((uint*)pixels);
        return resized;
    }
}
