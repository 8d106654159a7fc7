using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Turns the hue of 8-bit HSV, as torchvision's <c>adjust_hue</c> on a Pillow image.</summary>
/// <remarks>Float32 and float64 alternate as in Pillow's conversions, because truncation to a byte shows every rounding.</remarks>
internal readonly struct Hue(double factor) : IPixelMap
{
    private static readonly Vector<float> One = Vector<float>.One;

    private readonly Vector<float> _turn = new(unchecked((byte)(int)(factor * 255)));

    public Vector<uint> Map(Vector<uint> pixels)
    {
        var (r, g, b) = Channels.Split(pixels);
        Vector<float> red = ToSingle(r), green = ToSingle(g), blue = ToSingle(b);
        Vector<float> value = Vector.Max(red, Vector.Max(green, blue));
        Vector<float> range = value - Vector.Min(red, Vector.Min(green, blue));
        Vector<int> isGray = Vector.Equals(range, Vector<float>.Zero);

        Vector<float> hue = HueOf(red, green, blue, value, Vector.Max(range, One)) + _turn;
        hue -= Vector.ConditionalSelect(Vector.GreaterThan(hue, new Vector<float>(255)), new Vector<float>(256), Vector<float>.Zero);
        Vector<float> saturation = FloorOfProduct(range / Vector.Max(value, One), 255);

        var (sector, part) = Sector(hue);
        Vector<float> share = saturation / new Vector<float>(255);
        Vector<uint> p = ToByte(value, share);
        Vector<uint> q = ToByte(value, share * part);
        Vector<uint> t = ToByteOfRest(value, share, part);
        Vector<uint> v = Vector.AsVectorUInt32(Vector.ConvertToInt32Native(value));

        Vector<uint> s0 = Is(sector, 0) | Is(sector, 6), s1 = Is(sector, 1), s2 = Is(sector, 2), s3 = Is(sector, 3), s4 = Is(sector, 4), s5 = Is(sector, 5);
        Vector<uint> turned = Channels.Join(
            ((s0 | s5) & v) | (s1 & q) | ((s2 | s3) & p) | (s4 & t),
            (s0 & t) | ((s1 | s2) & v) | (s3 & q) | ((s4 | s5) & p),
            ((s0 | s1) & p) | (s2 & t) | ((s3 | s4) & v) | (s5 & q));
        return Vector.ConditionalSelect(Vector.AsVectorUInt32(isGray), pixels, turned);
    }

    // 0 to 255. The smallest channel's distance from the largest is exactly 1, which leaves one rounding in each sum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> HueOf(Vector<float> red, Vector<float> green, Vector<float> blue, Vector<float> value, Vector<float> range)
    {
        Vector<float> fromRed = (value - red) / range, fromGreen = (value - green) / range, fromBlue = (value - blue) / range;
        Vector<float> ifRed = fromBlue - fromGreen;
        Vector<float> ifGreen = Vector.ConditionalSelect(Vector.Equals(fromRed, One), new Vector<float>(3) - fromBlue, One + fromRed);
        Vector<float> ifBlue = Vector.ConditionalSelect(Vector.Equals(fromGreen, One), new Vector<float>(5) - fromRed, new Vector<float>(3) + fromGreen);
        Vector<float> sixths = Vector.ConditionalSelect(Vector.Equals(red, value), ifRed, Vector.ConditionalSelect(Vector.Equals(green, value), ifGreen, ifBlue));

        Vector.Widen(sixths, out Vector<double> low, out Vector<double> high);
        return FloorOfProduct(Vector.Narrow(Wrap(low), Wrap(high)), 255);

        static Vector<double> Wrap(Vector<double> sixths)
        {
            Vector<double> circle = sixths / new Vector<double>(6) + Vector<double>.One;
            return circle - Vector.ConditionalSelect(Vector.GreaterThanOrEqual(circle, Vector<double>.One), Vector<double>.One, Vector<double>.Zero);
        }
    }

    // Which sixth of the circle, 0 to 6, and how far into it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector<float> Sector, Vector<float> Part) Sector(Vector<float> hue)
    {
        Vector.Widen(hue, out Vector<double> low, out Vector<double> high);
        low = low * 6.0 / new Vector<double>(255);
        high = high * 6.0 / new Vector<double>(255);
        Vector<double> lowFloor = Vector.Floor(low), highFloor = Vector.Floor(high);
        return (Vector.Narrow(lowFloor, highFloor), Vector.Narrow(low - lowFloor, high - highFloor));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> FloorOfProduct(Vector<float> values, double factor)
    {
        Vector.Widen(values, out Vector<double> low, out Vector<double> high);
        return Vector.Narrow(Vector.Floor(low * factor), Vector.Floor(high * factor));
    }

    // round(value·(1 − share)) in float64.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> ToByte(Vector<float> value, Vector<float> share)
    {
        Vector.Widen(value, out Vector<double> lowValue, out Vector<double> highValue);
        Vector.Widen(share, out Vector<double> lowShare, out Vector<double> highShare);
        return Round(lowValue * (Vector<double>.One - lowShare), highValue * (Vector<double>.One - highShare));
    }

    // round(value·(1 − share·(1 − part))), all in float64.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> ToByteOfRest(Vector<float> value, Vector<float> share, Vector<float> part)
    {
        Vector.Widen(value, out Vector<double> lowValue, out Vector<double> highValue);
        Vector.Widen(share, out Vector<double> lowShare, out Vector<double> highShare);
        Vector.Widen(part, out Vector<double> lowPart, out Vector<double> highPart);
        return Round(
            lowValue * (Vector<double>.One - lowShare * (Vector<double>.One - lowPart)),
            highValue * (Vector<double>.One - highShare * (Vector<double>.One - highPart)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Round(Vector<double> low, Vector<double> high)
    {
        var half = new Vector<double>(0.5);
        return Vector.AsVectorUInt32(Vector.ConvertToInt32Native(Vector.Narrow(Vector.Floor(low + half), Vector.Floor(high + half))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> ToSingle(Vector<uint> channel) => Vector.ConvertToSingle(Vector.AsVectorInt32(channel));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Is(Vector<float> sector, float number) => Vector.AsVectorUInt32(Vector.Equals(sector, new Vector<float>(number)));
}
