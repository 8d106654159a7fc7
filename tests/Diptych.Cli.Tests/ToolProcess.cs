using System.Diagnostics;

namespace Diptych.Cli.Tests;

/// <summary>Runs the built tool as a user does: its own process, its own working folder.</summary>
internal static class ToolProcess
{
    public static string Sample(string name) => Path.Combine(AppContext.BaseDirectory, "samples", "eurosat", name);

    public static ToolResult Run(string workingFolder, params string[] arguments)
    {
        using Process process = Start(workingFolder, arguments);
        return Finish(process);
    }

    public static Process Start(string workingFolder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = workingFolder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[Path.Combine(AppContext.BaseDirectory, "Diptych.Cli.dll"), .. arguments])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    public static ToolResult Finish(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(5)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The tool did not end within 5 minutes. It said: {output.Result}{error.Result}");
        }
        return new ToolResult(process.ExitCode, output.Result, error.Result);
    }
}

internal sealed record ToolResult(int ExitCode, string Output, string Error);
