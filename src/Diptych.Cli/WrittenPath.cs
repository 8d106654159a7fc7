using Diptych.Data;

namespace Diptych.Cli;

/// <summary>Keeps what a command writes off the images that it reads.</summary>
internal static class WrittenPath
{
    private const string Out = "--out";

    private static readonly StringComparison Names = OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    /// <summary>Stops where a file to write is the images' own file, or would be an image among them.</summary>
    /// <param name="written">What is to be written.</param>
    /// <param name="images">Any image set.</param>
    /// <param name="option">The option that says so.</param>
    /// <exception cref="InvalidInputException">It is, or would be.</exception>
    public static void MustNotReplace(string written, string images, string option = Out)
    {
        string place = RealPath.Of(written);
        if (ImageSource.FilesOf(images).Any(file => RealPath.Of(file).Equals(place, Names)) || (PlaceIn(images, place) is { } name && ImageSource.IsImage(name) && File.Exists(place)))
            throw new InvalidInputException($"{option} is {written}, and that is what the images are read from. Choose another {option}.");
        if (PlaceIn(images, place) is { } within && ImageSource.IsImage(within))
            throw WouldBeOne(written, images, option);
    }

    /// <summary>Stops where pictures would be written among the images, or over their file: they would be images of the set from then on.</summary>
    /// <inheritdoc cref="MustNotReplace"/>
    public static void MustBeOutside(string written, string images, string option = Out)
    {
        MustNotReplace(written, images, option);
        if (PlaceIn(images, RealPath.Of(written)) is { } folder && ImageSource.IsImage($"{folder}/picture.png"))
            throw WouldBeOne(written, images, option);
    }

    private static InvalidInputException WouldBeOne(string written, string images, string option) =>
        new($"{option} is {written}, which lies among the images in {images}, and would be one of them from then on. Choose another {option}.");

    // The name that a path has, or would have, in a folder of images; null outside, and where the folder stands for data files in it.
    private static string? PlaceIn(string images, string place)
    {
        if (!Directory.Exists(images) || ImageSource.FilesOf(images).Count > 0)
            return null;
        string root = RealPath.Of(images) + Path.DirectorySeparatorChar;
        return !(place + Path.DirectorySeparatorChar).StartsWith(root, Names) ? null : (place + Path.DirectorySeparatorChar)[root.Length..].TrimEnd(Path.DirectorySeparatorChar).Replace(Path.DirectorySeparatorChar, '/');
    }
}
