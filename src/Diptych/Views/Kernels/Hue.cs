using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diptych.Views.Kernels;

/// <summary>Turns the hue of 8-bit HSV, as torchvision's <c>adjust_hue</c> on a Pillow image.</summary>
/// <remarks>
/// Pillow mixes float32 and float64, and truncation to a byte shows every rounding. The hue is computed in Pillow's order;
/// what follows keeps to whole numbers. That this gives the same byte was tried for every colour and every turn, and the
/// golden tests run over all 16.7 million colours.
/// </remarks>
internal readonly struct Hue(double factor) : IPixelMap
{
    // Parts of a sixth of the circle, and of the circle: a hue byte h stands for 6·h of them.
    private const float Sixth = 255, Circle = 6 * 255;

    private readonly Vector<float> _turn = new(unchecked((byte)(int)(factor * 255)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<uint> Map(Vector<uint> pixels)
    {
        var (r, g, b) = Channels.Split(pixels);
        Vector<float> red = ToSingle(r), green = ToSingle(g), blue = ToSingle(b);
        Vector<float> value = Vector.MaxNative(red, Vector.MaxNative(green, blue));
        Vector<float> range = value - Vector.MinNative(red, Vector.MinNative(green, blue));

        // Which third of the circle, on which side of its middle, and how far: the middle channel's distance from the largest.
        Vector<int> isRed = Vector.Equals(red, value), isGreen = Vector.Equals(green, value);
        Vector<float> third = Vector.ConditionalSelect(isRed, Vector<float>.Zero, Vector.ConditionalSelect(isGreen, new Vector<float>(2), new Vector<float>(4)));
        Vector<int> isAhead = Vector.GreaterThan(Vector.ConditionalSelect(isRed, green - blue, Vector.ConditionalSelect(isGreen, blue - red, red - green)), Vector<float>.Zero);
        Vector<float> middle = red + green + blue - value - value + range;
        Vector<float> distance = (value - middle) / Vector.MaxNative(range, Vector<float>.One);
        Vector<float> sixths = Vector.ConditionalSelect(isAhead, third + Vector<float>.One - distance, third - Vector<float>.One + distance);
        Vector<float> wrap = Vector.ConditionalSelect(Vector.LessThan(sixths, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero);
        Vector<float> hue = Vector.Floor((sixths / 6f + wrap) * 255f) + _turn;
        hue -= Vector.ConditionalSelect(Vector.GreaterThan(hue, new Vector<float>(255)), new Vector<float>(256), Vector<float>.Zero);
        Vector<float> saturation = Vector.Floor(range * 255f / Vector.MaxNative(value, Vector<float>.One));

        Vector<float> angle = hue * 6f;
        return Channels.Join(Turned(angle, 5 * Sixth, saturation, value), Turned(angle, 3 * Sixth, saturation, value), Turned(angle, Sixth, saturation, value));
    }

    // A channel is full over two sixths of the circle, empty over two, and linear between: value·(1 − saturation·part), rounded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Turned(Vector<float> angle, float offset, Vector<float> saturation, Vector<float> value)
    {
        angle += new Vector<float>(offset);
        angle -= Vector.ConditionalSelect(Vector.GreaterThanOrEqual(angle, new Vector<float>(Circle)), new Vector<float>(Circle), Vector<float>.Zero);
        Vector<float> part = Vector.MaxNative(Vector.MinNative(Vector.MinNative(angle, new Vector<float>(4 * Sixth) - angle), new Vector<float>(Sixth)), Vector<float>.Zero);
        Vector<float> share = new Vector<float>(Sixth * 255) - saturation * part;
        return Vector.AsVectorUInt32(Vector.ConvertToInt32Native(value * share * (1 / (Sixth * 255)) + new Vector<float>(0.5f)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> ToSingle(Vector<uint> channel) => Vector.ConvertToSingle(Vector.AsVectorInt32(channel));
}
