using System.Diagnostics;

namespace Diptych.Cli.Tests;

/// <summary>What a process left: exit code, and both streams without the last line end.</summary>
internal sealed record Run(int ExitCode, string Output, string Error)
{
    public static bool HasSdk { get; } = FindsSdk();

    /// <summary>A file of the sample that the tool ships.</summary>
    public static string Sample(string name) => Path.Combine(AppContext.BaseDirectory, "samples", "eurosat", name);

    public static async Task<Run> Command(string file, string[] arguments, string? folder = null, params (string Name, string? Value)[] environment)
    {
        using Process process = Start(file, arguments, folder, environment);
        return await Finish(process);
    }

    public static Process Start(string file, string[] arguments, string? folder = null, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? Repository.Root };
        start.Environment.Remove("DIPTYCH_LIBTORCH");
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        foreach ((string name, string? value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static async Task<Run> Finish(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new(process.ExitCode, (await output).TrimEnd(), (await error).TrimEnd());
    }

    /// <summary>The tool as built beside the tests.</summary>
    public static Task<Run> Tool(string[] arguments, params (string Name, string? Value)[] environment) =>
        Command("dotnet", ["exec", ToolPath, .. arguments], null, environment);

    /// <summary>The same, in a folder of the test's.</summary>
    public static Task<Run> ToolIn(TemporaryFolder folder, params string[] arguments) => Command("dotnet", ["exec", ToolPath, .. arguments], folder.Path);

    /// <summary>The same, still running, and listening to signals: a shell starts background jobs with SIGINT ignored, and children inherit that.</summary>
    public static Process StartToolIn(TemporaryFolder folder, params string[] arguments) => OperatingSystem.IsLinux()
        ? Start("env", ["--default-signal=INT,TERM", "dotnet", "exec", ToolPath, .. arguments], folder.Path)
        : Start("dotnet", ["exec", ToolPath, .. arguments], folder.Path);

    public static string ToolPath => Path.Combine(AppContext.BaseDirectory, "Diptych.Cli.dll");

    /// <summary>The output; fails with everything said when the exit code is another.</summary>
    public string Succeeded()
    {
        Assert.True(ExitCode == 0, $"Exit code {ExitCode}\n{Output}\n{Error}");
        return Output;
    }

    private static bool FindsSdk()
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("dotnet", "--list-sdks") { RedirectStandardOutput = true })!;
            return process.StandardOutput.ReadToEnd().Length > 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
