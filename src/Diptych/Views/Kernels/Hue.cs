using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Turns the hue of 8-bit HSV, as torchvision's <c>adjust_hue</c> on a Pillow image.</summary>
/// <remarks>
/// Pillow mixes float32 and float64, and truncation to a byte shows every rounding. Float32 in the order used here gives
/// the same byte for every hue, saturation and value: there are few enough to have tried them all, and the golden tests
/// run over all 16.7 million colours.
/// </remarks>
internal readonly struct Hue(double factor) : IPixelMap
{
    private readonly Vector<float> _turn = new(unchecked((byte)(int)(factor * 255)));

    public Vector<uint> Map(Vector<uint> pixels)
    {
        var (r, g, b) = Channels.Split(pixels);
        Vector<float> red = ToSingle(r), green = ToSingle(g), blue = ToSingle(b);
        Vector<float> value = Vector.Max(red, Vector.Max(green, blue));
        Vector<float> range = value - Vector.Min(red, Vector.Min(green, blue));

        Vector<float> hue = HueOf(red, green, blue, value, Vector.Max(range, Vector<float>.One)) + _turn;
        hue -= Vector.ConditionalSelect(Vector.GreaterThan(hue, new Vector<float>(255)), new Vector<float>(256), Vector<float>.Zero);
        Vector<float> share = Vector.Floor(range / Vector.Max(value, Vector<float>.One) * 255f) / 255f;

        // Which sixth of the circle, 0 to 6, and how far into it.
        Vector<float> sector = Vector.Floor((hue * 6f + new Vector<float>(0.5f)) * (1 / 255f));
        Vector<float> part = (hue * 6f - sector * 255f) / 255f;
        Vector<uint> p = Dimmed(value, share);
        Vector<uint> q = Dimmed(value, share * part);
        Vector<uint> t = Dimmed(value, share * (Vector<float>.One - part));
        Vector<uint> v = ToBytes(value);

        Vector<uint> s0 = Is(sector, 0) | Is(sector, 6), s1 = Is(sector, 1), s2 = Is(sector, 2), s3 = Is(sector, 3), s4 = Is(sector, 4), s5 = Is(sector, 5);
        Vector<uint> turned = Channels.Join(
            ((s0 | s5) & v) | (s1 & q) | ((s2 | s3) & p) | (s4 & t),
            (s0 & t) | ((s1 | s2) & v) | (s3 & q) | ((s4 | s5) & p),
            ((s0 | s1) & p) | (s2 & t) | ((s3 | s4) & v) | (s5 & q));
        return Vector.ConditionalSelect(Vector.AsVectorUInt32(Vector.Equals(range, Vector<float>.Zero)), pixels, turned);
    }

    // 0 to 255. The smallest channel's distance from the largest is exactly 1, which leaves one rounding in each sum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> HueOf(Vector<float> red, Vector<float> green, Vector<float> blue, Vector<float> value, Vector<float> range)
    {
        Vector<float> one = Vector<float>.One;
        Vector<float> fromRed = (value - red) / range, fromGreen = (value - green) / range, fromBlue = (value - blue) / range;
        Vector<float> ifRed = fromBlue - fromGreen;
        Vector<float> ifGreen = Vector.ConditionalSelect(Vector.Equals(fromRed, one), new Vector<float>(3) - fromBlue, one + fromRed);
        Vector<float> ifBlue = Vector.ConditionalSelect(Vector.Equals(fromGreen, one), new Vector<float>(5) - fromRed, new Vector<float>(3) + fromGreen);
        Vector<float> sixths = Vector.ConditionalSelect(Vector.Equals(red, value), ifRed, Vector.ConditionalSelect(Vector.Equals(green, value), ifGreen, ifBlue));
        Vector<float> wrap = Vector.ConditionalSelect(Vector.LessThan(sixths, Vector<float>.Zero), one, Vector<float>.Zero);
        return Vector.Floor((sixths / 6f + wrap) * 255f);
    }

    // round(value·(1 − share)), which never lies on a half.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Dimmed(Vector<float> value, Vector<float> share) => ToBytes(value * (Vector<float>.One - share) + new Vector<float>(0.5f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> ToSingle(Vector<uint> channel) => Vector.ConvertToSingle(Vector.AsVectorInt32(channel));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> ToBytes(Vector<float> values) => Vector.AsVectorUInt32(Vector.ConvertToInt32Native(values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Is(Vector<float> sector, float number) => Vector.AsVectorUInt32(Vector.Equals(sector, new Vector<float>(number)));
}
