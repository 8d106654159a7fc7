namespace Diptych.Tests.Reference;

/// <summary>Pillow's GaussianBlur, one value at a time: three box passes along the rows, three down the columns.</summary>
internal static class PlainBoxBlur
{
    /// <summary>Blurs pixels of four bytes; the fourth stays.</summary>
    public static byte[] Apply(byte[] rgbx, int width, int height, float sigma)
    {
        float variance = sigma * sigma / 3, length = (float)Math.Sqrt(12.0 * variance + 1), whole = (float)Math.Floor((length - 1.0) / 2);
        float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) / (6 * (variance - (whole + 1) * (whole + 1)));
        float box = whole + part;
        for (int pass = 0; pass < 6; pass++)
        {
            byte[] input = rgbx;
            byte[] output = (byte[])rgbx.Clone();
            int radius = (int)box;
            uint inner = (uint)((1 << 24) / (box * 2 + 1)), outer = ((1u << 24) - (uint)(2 * radius + 1) * inner) / 2;
            for (int i = 0; i < rgbx.Length; i++)
            {
                int colour = i % 4, x = i / 4 % width, y = i / 4 / width;
                if (colour == 3)
                    continue;
                uint At(int step) => pass < 3
                    ? input[(y * width + Math.Clamp(x + step, 0, width - 1)) * 4 + colour]
                    : input[(Math.Clamp(y + step, 0, height - 1) * width + x) * 4 + colour];
                uint sum = 0;
                for (int step = -radius; step <= radius; step++)
                    sum += At(step);
                output[i] = (byte)((sum * inner + (At(-radius - 1) + At(radius + 1)) * outer + (1 << 23)) >> 24);
            }
            rgbx = output;
        }
        return rgbx;
    }
}
