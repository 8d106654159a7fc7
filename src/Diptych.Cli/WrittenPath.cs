using Diptych.Data;

namespace Diptych.Cli;

/// <summary>Keeps what a command writes off the images that it reads.</summary>
internal static class WrittenPath
{
    private static readonly StringComparison Names = OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    /// <summary>Stops where a file to write is the images' own file, or an image among them.</summary>
    /// <exception cref="InvalidInputException">It is.</exception>
    public static void MustNotReplace(string written, string images)
    {
        string place = RealPath.Of(written);
        if (ImageSource.FilesOf(images).Any(file => RealPath.Of(file).Equals(place, Names)) || (IsWithin(place, images) && ImageSource.IsImage(place) && File.Exists(place)))
            throw new InvalidInputException($"--out is {written}, and that is what the images are read from. Choose another --out.");
    }

    /// <summary>Stops where pictures would be written among the images, or over their file: they would be images of the set from then on.</summary>
    /// <exception cref="InvalidInputException">They would.</exception>
    public static void MustBeOutside(string written, string images)
    {
        MustNotReplace(written, images);
        if (IsWithin(RealPath.Of(written), images))
            throw new InvalidInputException($"--out is {written}, which lies among the images in {images}, and would be one of them from then on. Choose an --out elsewhere.");
    }

    private static bool IsWithin(string place, string images) =>
        Directory.Exists(images) && (place + Path.DirectorySeparatorChar).StartsWith(RealPath.Of(images) + Path.DirectorySeparatorChar, Names);
}
