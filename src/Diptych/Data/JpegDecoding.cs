namespace Diptych.Data;

/// <summary>Which library decodes JPEG files in this process. The pixels are the same either way.</summary>
public static class JpegDecoding
{
    /// <summary>The environment variable that names the libturbojpeg to load, or <see cref="None"/>.</summary>
    public const string Variable = "DIPTYCH_LIBTURBOJPEG";

    /// <summary>The variable's value that leaves all JPEG files to Skia.</summary>
    public const string None = "none";

    /// <summary>For logs: <c>libturbojpeg.so.0</c>, or <c>Skia</c> where the machine has none.</summary>
    /// <exception cref="InvalidInputException">The environment variable names something that cannot be loaded.</exception>
    public static string Description
    {
        get
        {
            string? wanted = Environment.GetEnvironmentVariable(Variable);
            if (TurboJpeg.Name is null && !string.IsNullOrEmpty(wanted) && wanted != None)
                throw new InvalidInputException($"{Variable} names '{wanted}', which is not a libturbojpeg that can be loaded. Correct it, unset it, or set it to '{None}'.");
            return TurboJpeg.Name ?? "Skia";
        }
    }
}
