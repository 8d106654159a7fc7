using System.Numerics;

namespace Diptych.Views.Kernels;

/// <summary>A Gaussian approximated by three box passes each way, with a fractional box and repeated edges, as Pillow's. Holds its scratch memory.</summary>
/// <remarks>Source: Gwosdek et al., "Theoretical foundations of Gaussian convolution by extended box filtering", SSVM 2011.</remarks>
internal sealed unsafe class PillowBlur
{
    private const int Passes = 3, WeightBits = 24;

    private readonly Planes _turned = new(), _scratch = new();
    private int[] _sums = [];

    /// <summary>Blurs a view in place.</summary>
    /// <param name="view">The view.</param>
    /// <param name="sigma">σ in pixels.</param>
    public void Apply(Planes view, double sigma)
    {
        float box = BoxRadius((float)sigma);
        int radius = (int)box;
        uint inner = (uint)((1 << WeightBits) / (box * 2 + 1));
        uint outer = ((1u << WeightBits) - (uint)(radius * 2 + 1) * inner) / 2;

        _turned.Resize(view.Height, view.Width, view.Count);
        for (int colour = 0; colour < view.Count; colour++)
            ByteTransposer.Apply(view[colour], view.Width, _turned[colour], view.Height, view.Width, view.Height);
        Blur(_turned, radius, inner, outer);
        for (int colour = 0; colour < view.Count; colour++)
            ByteTransposer.Apply(_turned[colour], view.Height, view[colour], view.Width, view.Height, view.Width);
        Blur(view, radius, inner, outer);
    }

    private void Blur(Planes view, int radius, uint inner, uint outer)
    {
        for (int colour = 0; colour < view.Count; colour++)
        {
            // Narrow boxes in one sweep over all three passes, which is most of them: σ up to 2.4.
            if (radius == 0 && BoxSweep.CanApply<ThreeRows>(view.Height))
                BoxSweep.Apply<ThreeRows>(view[colour], view.Width, view.Height, inner, outer);
            else if (radius == 1 && BoxSweep.CanApply<FiveRows>(view.Height))
                BoxSweep.Apply<FiveRows>(view[colour], view.Width, view.Height, inner, outer);
            else
                BlurByPasses(view[colour], view.Width, view.Height, radius, inner, outer);
        }
    }

    // In float32 as Pillow, but for the square root and the sums that C does in double.
    private static float BoxRadius(float sigma)
    {
        float variance = sigma * sigma / Passes;
        float length = (float)Math.Sqrt(12.0 * variance + 1.0);
        float whole = (float)Math.Floor((length - 1.0) / 2.0);
        float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
        part /= 6 * (variance - (whole + 1) * (whole + 1));
        return whole + part;
    }

    private void BlurByPasses(byte* plane, int width, int height, int radius, uint inner, uint outer)
    {
        _scratch.Resize(width, height, 2);
        if (_sums.Length < width + Planes.Slack)
            _sums = new int[width + Planes.Slack];
        BoxPass(plane, _scratch[0], width, height, radius, inner, outer);
        BoxPass(_scratch[0], _scratch[1], width, height, radius, inner, outer);
        BoxPass(_scratch[1], plane, width, height, radius, inner, outer);
    }

    // Down all columns at once: running sums of 2·radius + 1 rows, and the two rows beyond them by their share.
    private void BoxPass(byte* input, byte* output, int width, int height, int radius, uint inner, uint outer)
    {
        Vector<int> innerWeight = new((int)inner), outerWeight = new((int)outer), half = new(1 << (WeightBits - 1));
        int last = height - 1, lanes = Vector<int>.Count;
        Array.Clear(_sums);
        fixed (int* sums = _sums)
        {
            // The window that ends just before the image's first row.
            for (int row = -radius - 1; row < radius; row++)
            {
                byte* entering = input + Math.Clamp(row, 0, last) * width;
                for (int column = 0; column < width; column += lanes)
                    (Vector.Load(sums + column) + WideLoad.Ints(entering + column)).Store(sums + column);
            }
            for (int row = 0; row < height; row++)
            {
                byte* entering = input + Math.Min(row + radius, last) * width;
                byte* leaving = input + Math.Max(row - radius - 1, 0) * width;
                byte* beyond = input + Math.Min(row + radius + 1, last) * width;
                for (int column = 0; column < width; column += lanes)
                {
                    // Sums of 255 and weights that add up to 2^24 fit 32 bits without a sign.
                    Vector<int> left = WideLoad.Ints(leaving + column), sum = Vector.Load(sums + column) + WideLoad.Ints(entering + column) - left;
                    sum.Store(sums + column);
                    WideLoad.StorePacked((sum * innerWeight + (left + WideLoad.Ints(beyond + column)) * outerWeight + half) >>> WeightBits, output + row * width + column);
                }
            }
        }
    }
}
