using System.Runtime.InteropServices;

namespace Diptych;

/// <summary>The C library's heap, from which libtorch takes the memory of tensors on a CPU.</summary>
internal static partial class NativeHeap
{
    // glibc's malloc.h.
    private const int TrimThreshold = -1, MmapMax = -4;

    private static readonly Lazy<bool> Kept = new(Keep);

    /// <summary>Keeps freed memory in the process, for the next step to take again.</summary>
    /// <remarks>
    /// glibc hands large blocks back to the system at once, and each step then begins on pages that the system must clear first: a seventh of
    /// the time of a narrow network's step. Nothing changes elsewhere, nor where the environment has settings for glibc's heap (<c>MALLOC_…</c>, <c>GLIBC_TUNABLES</c>).
    /// </remarks>
    /// <returns>Whether memory is kept.</returns>
    public static bool KeepFreed() => Kept.Value;

    private static bool Keep()
    {
        bool isSetByUser = Environment.GetEnvironmentVariables().Keys.Cast<string>().Any(name => name == "GLIBC_TUNABLES" || name.StartsWith("MALLOC_", StringComparison.Ordinal));
        if (!OperatingSystem.IsLinux() || isSetByUser)
            return false;
        try
        {
            return SetHeapOption(TrimThreshold, -1) == 1 && SetHeapOption(MmapMax, 0) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            return false; // another C library
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetHeapOption(int option, int value);
}
