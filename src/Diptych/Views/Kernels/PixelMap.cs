namespace Diptych.Views.Kernels;

/// <summary>Runs an <see cref="IPixelMap"/> over a view.</summary>
internal static unsafe class PixelMap
{
    /// <summary>Pixels that are mapped together, at most: what a map keeps of them stays in the nearest cache.</summary>
    public const int Chunk = 512;

    /// <summary>Maps every pixel in place; lanes do not meet, so the width of a vector changes nothing.</summary>
    public static void Apply<TMap>(Planes view, TMap map) where TMap : struct, IPixelMap
    {
        if (view.Count == 1)
            return;
        byte* red = view[0], green = view[1], blue = view[2];
        for (int i = 0; i < view.Length; i += Chunk)
            map.Map(red + i, green + i, blue + i, Math.Min(Chunk, view.Length - i));
    }
}
