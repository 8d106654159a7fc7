using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Diptych.Views.Kernels;

/// <summary>Turns the hue of 8-bit HSV, as torchvision's <c>adjust_hue</c> on a Pillow image.</summary>
/// <remarks>
/// Pillow mixes float32 and float64, and truncation to a byte shows every rounding. Here every quotient is that of two whole
/// numbers, so that a small addition settles which whole number it is truncated to, whatever the last bits are; where the hue
/// is a whole number itself, <see cref="IsRoundedDown"/> knows what became of it in Pillow. That this gives Pillow's byte was
/// tried for every colour and every turn, and the golden tests run over all 16.7 million colours.
/// </remarks>
internal readonly unsafe struct Hue(double factor) : IPixelMap
{
    // Bytes of a third of the circle. A hue is that of the largest colour, plus or minus up to half a third.
    private const byte Third = 85;

    // What is added to a hue's part, so that it is positive where it is truncated.
    private const byte Shift = 64;

    // Less than the difference of two hue parts, 1/510, and more than their rounding.
    private const float Tiny = 1f / 1024;

    private readonly Vector<byte> _turn = new(unchecked((byte)(int)(factor * 255)));

    // In steps over the whole chunk: each step's vectors do not wait for each other, the steps of one vector would.
    // Not inlined, so that what they call is: the compiler stops inlining in a method that has grown too long.
    [SkipLocalsInit]
    public void Map(byte* red, byte* green, byte* blue, int length)
    {
        Unsafe.SkipInit(out Parts parts);
        int width = Vector<byte>.Count;
        for (int i = 0; i < length; i += width)
            Split(Vector.Load(red + i), Vector.Load(green + i), Vector.Load(blue + i), &parts, i);
        FindHues(&parts, length);
        FindDistances(_turn, &parts, length);
        Join(&parts, length, red, green, blue);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Split(Vector<byte> r, Vector<byte> g, Vector<byte> b, Parts* parts, int at)
    {
        Vector<byte> greenOrBlue = Vector.Max(g, b), value = Vector.Max(r, greenOrBlue), smallest = Vector.Min(r, Vector.Min(g, b));
        // How far the middle colour is from the smallest, and towards which neighbour of the largest that turns the hue.
        Vector<byte> excess = (r ^ g ^ b ^ value ^ smallest) - smallest;
        Vector<byte> isRed = Vector.Equals(r, value), isGreen = Vector.Equals(g, value);
        Vector<byte> isAhead = Vector.ConditionalSelect(isRed, Vector.Equals(g, greenOrBlue),
            Vector.ConditionalSelect(isGreen, Vector.Equals(b, Vector.Max(r, b)), Vector.Equals(r, Vector.Max(r, g))));
        Vector.ConditionalSelect(isRed, ~isAhead, Vector.ConditionalSelect(isGreen, new(Third), new(2 * Third))).Store(parts->Start + at);
        (value - smallest).Store(parts->Range + at);
        (excess & isAhead).Store(parts->Ahead + at);
        (excess & ~isAhead).Store(parts->Behind + at);
        value.Store(parts->Value + at);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FindHues(Parts* parts, int length)
    {
        int lanes = Vector<int>.Count;
        for (int at = 0; at < length; at += 4 * lanes)
        {
            var (over0, under0) = HuePart(parts, at);
            var (over1, under1) = HuePart(parts, at + lanes);
            var (over2, under2) = HuePart(parts, at + 2 * lanes);
            var (over3, under3) = HuePart(parts, at + 3 * lanes);
            WideLoad.Pack(over0, over1, over2, over3).Store(parts->Over + at);
            WideLoad.Pack(under0, under1, under2, under3).Store(parts->Under + at);
        }
    }

    // ±42.5·excess/range and Shift, rounded down, from a little above and from a little below; on the way, value·saturation,
    // the saturation being 255·range/value, rounded down.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector<int> Over, Vector<int> Under) HuePart(Parts* parts, int at)
    {
        Vector<float> range = WideLoad.Floats(parts->Range + at), value = WideLoad.Floats(parts->Value + at);
        var excess = Vector.ConvertToSingle(WideLoad.Ints(parts->Ahead + at) - WideLoad.Ints(parts->Behind + at));
        // One reciprocal serves both quotients.
        Vector<float> inverse = Reciprocal(Vector.MaxNative(range, Vector<float>.One) * Vector.MaxNative(value, Vector<float>.One));
        Vector<float> saturation = Vector.Floor(Vector.MultiplyAddEstimate(range * range * 255f, inverse, new Vector<float>(Tiny)));
        (saturation * value).Store(parts->Loss + at);
        Vector<float> part = excess * value * 42.5f;
        return (
            Vector.ConvertToInt32Native(Vector.MultiplyAddEstimate(part, inverse, new Vector<float>(Shift + Tiny))),
            Vector.ConvertToInt32Native(Vector.MultiplyAddEstimate(part, inverse, new Vector<float>(Shift - Tiny))));
    }

    // To a few units of the last place; Tiny is far more.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Reciprocal(Vector<float> x)
    {
        if (Vector<float>.Count != 16 || !Avx512F.IsSupported)
            return Vector<float>.One / x;
        // A step of Newton's doubles the estimate's 14 bits.
        Vector<float> estimate = Avx512F.Reciprocal14(x.AsVector512()).AsVector();
        return Vector.MultiplyAddEstimate(Vector.MultiplyAddEstimate(-x, estimate, Vector<float>.One), estimate, estimate);
    }

    // The turned hue, and how far from the even end of its sixth of the circle it is, in 255ths.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FindDistances(Vector<byte> turn, Parts* parts, int length)
    {
        for (int at = 0; at < length; at += Vector<byte>.Count)
        {
            Vector<byte> over = Vector.Load(parts->Over + at), isWhole = ~Vector.Equals(over, Vector.Load(parts->Under + at));
            Vector<byte> hue = Vector.Load(parts->Start + at) + over - new Vector<byte>(Shift);
            hue += turn + (isWhole & IsRoundedDown(hue));
            hue.Store(parts->Hue + at);

            Vector<byte> from1 = From(hue, 1), from2 = From(hue, 2), from3 = From(hue, 3), from4 = From(hue, 4), from5 = From(hue, 5), from6 = From(hue, 6);
            Vector<byte> within = hue + hue + hue;
            within = within + within - from1 - from2 - from3 - from4 - from5 - from6;
            (within ^ ~(from1 ^ from2 ^ from3 ^ from4 ^ from5 ^ from6)).Store(parts->Distance + at);
        }
    }

    // In each sixth of the circle one colour is the value, one is the lowest, and one goes from one to the other.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Join(Parts* parts, int length, byte* red, byte* green, byte* blue)
    {
        int lanes = Vector<int>.Count;
        for (int at = 0; at < length; at += 4 * lanes)
        {
            Vector<byte> value = Vector.Load(parts->Value + at), hue = Vector.Load(parts->Hue + at);
            var (low0, middle0) = Lost(parts, at);
            var (low1, middle1) = Lost(parts, at + lanes);
            var (low2, middle2) = Lost(parts, at + 2 * lanes);
            var (low3, middle3) = Lost(parts, at + 3 * lanes);
            Vector<byte> lowest = value - WideLoad.Pack(low0, low1, low2, low3), middle = value - WideLoad.Pack(middle0, middle1, middle2, middle3);
            Vector<byte> from1 = From(hue, 1), from2 = From(hue, 2), from3 = From(hue, 3), from4 = From(hue, 4), from5 = From(hue, 5), from6 = From(hue, 6);
            Choose(from5 | ~from1, Vector.AndNot(from2, from4), value, lowest, middle).Store(red + at);
            Choose(Vector.AndNot(from1, from3), Vector.AndNot(from4, from6), value, lowest, middle).Store(green + at);
            Choose(Vector.AndNot(from3, from5), from6 | ~from2, value, lowest, middle).Store(blue + at);
        }
    }

    // What the lowest colour is below the value, value·saturation/255, rounded; and the middle one: the same times its distance.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector<int> Lowest, Vector<int> Middle) Lost(Parts* parts, int at)
    {
        Vector<float> loss = Vector.Load(parts->Loss + at), half = new(0.5f);
        return (
            Vector.ConvertToInt32Native(Vector.MultiplyAddEstimate(loss, new Vector<float>(1 / 255f), half)),
            Vector.ConvertToInt32Native(loss * WideLoad.Floats(parts->Distance + at) * (1 / (255f * 255f)) + half));
    }

    // Whole hues that Pillow's float32 makes a little less of, and so the byte before: found by trying all.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<byte> IsRoundedDown(Vector<byte> hue)
    {
        Vector<byte> rest = hue & new Vector<byte>(3);
        return IsWithin(hue, 1, 31)
            | (IsWithin(hue, 88, 104) & Vector.Equals(rest, Vector<byte>.Zero))
            | (IsWithin(hue, 129, 209) & Vector.Equals(rest, Vector<byte>.One))
            | (IsWithin(hue, 131, 147) & Vector.Equals(rest, new Vector<byte>(3)))
            | Vector.Equals(hue & new Vector<byte>(0xF7), new Vector<byte>(176));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<byte> IsWithin(Vector<byte> hue, byte first, byte last) =>
        Vector.LessThanOrEqual(hue - new Vector<byte>(first), new Vector<byte>((byte)(last - first)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<byte> From(Vector<byte> hue, int sixth) => Vector.GreaterThanOrEqual(hue, new Vector<byte>((byte)((255 * sixth + 5) / 6)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<byte> Choose(Vector<byte> isFull, Vector<byte> isEmpty, Vector<byte> value, Vector<byte> lowest, Vector<byte> middle) =>
        Vector.ConditionalSelect(isFull, value, Vector.ConditionalSelect(isEmpty, lowest, middle));

    // A chunk, and room for a last vector of up to 512 bits.
    private struct Parts
    {
        private const int Length = PixelMap.Chunk + Planes.Slack;

        public fixed byte Start[Length], Range[Length], Ahead[Length], Behind[Length], Value[Length], Over[Length], Under[Length], Hue[Length], Distance[Length];
        public fixed float Loss[Length];
    }
}
