using Diptych.Training;

namespace Diptych.Cli;

/// <summary>The encoder that a command line names by its run or its file.</summary>
internal static class EncoderOfRun
{
    /// <summary>The encoder's file.</summary>
    /// <param name="run">A run folder, or an encoder's file.</param>
    /// <exception cref="InvalidInputException">There is neither, or the run is not finished.</exception>
    public static string PathOf(string run)
    {
        if (File.Exists(run))
            return run;
        RunFolder folder = RunFolder.Open(run);
        return File.Exists(folder.EncoderPath)
            ? folder.EncoderPath
            : throw new InvalidInputException($"The run in {run} is not finished: it holds no encoder.safetensors. Go on with: diptych pretrain {folder.ReadOptions().Images} --out {run} --resume");
    }
}
