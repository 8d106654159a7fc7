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
        if (ImageSource.FilesOf(images).Any(file => RealPath.Of(file).Equals(place, Names)) || (IsWithin(place, images) && ImageSource.IsImage(place) && File.Exists(place)))
            throw new InvalidInputException($"{option} is {written}, and that is what the images are read from. Choose another {option}.");
        if (IsWithin(place, images) && ImageSource.IsImage(place))
            throw WouldBeOne(written, images, option);
    }

    /// <summary>Stops where pictures would be written among the images, or over their file: they would be images of the set from then on.</summary>
    /// <inheritdoc cref="MustNotReplace"/>
    public static void MustBeOutside(string written, string images, string option = Out)
    {
        MustNotReplace(written, images, option);
        if (IsWithin(RealPath.Of(written), images))
            throw WouldBeOne(written, images, option);
    }

    private static InvalidInputException WouldBeOne(string written, string images, string option) =>
        new($"{option} is {written}, which lies among the images in {images}, and would be one of them from then on. Choose another {option}.");

    private static bool IsWithin(string place, string images) =>
        Directory.Exists(images) && (place + Path.DirectorySeparatorChar).StartsWith(RealPath.Of(images) + Path.DirectorySeparatorChar, Names);
}
