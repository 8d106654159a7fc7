using System.Runtime.InteropServices;

namespace Diptych;

/// <summary>The C library's heap, from which libtorch takes the memory of tensors on a CPU.</summary>
internal static partial class NativeHeap
{
    // glibc's malloc.h.
    private const int TrimThreshold = -1, MmapThreshold = -3, MmapMax = -4;

    private const int UsualMmapMax = 65_536, GreatestThreshold = 32 << 20; // glibc takes no greater one
    private const long MostKept = 64 << 20;

    // Settings of the user's, whatever they are, stay.
    private static readonly bool IsOurs = OperatingSystem.IsLinux()
        && !Environment.GetEnvironmentVariables().Keys.Cast<string>().Any(name => name == "GLIBC_TUNABLES" || name.StartsWith("MALLOC_", StringComparison.Ordinal));

    /// <summary>Keeps freed memory in the process, for the next step to take again.</summary>
    /// <remarks>
    /// glibc hands large blocks back to the system at once, and each step then begins on pages that the system must clear first: a seventh of
    /// the time of a narrow network's step. But up to version 2.38 it cannot put an aligned block where an equal one was freed, if something small
    /// took the bytes between: the more is in few blocks, the more holes stay, up to as much again as is needed. Where single blocks are above 64 MiB,
    /// those above 32 MiB therefore go back as usual. Nothing changes elsewhere than on Linux, nor where the environment has settings for glibc's
    /// heap (<c>MALLOC_…</c>, <c>GLIBC_TUNABLES</c>).
    /// </remarks>
    /// <param name="largest">Bytes of the largest block that a step takes, about.</param>
    /// <returns>Whether memory is kept.</returns>
    public static bool KeepFreed(long largest)
    {
        try
        {
            return IsOurs && SetHeapOption(TrimThreshold, -1) == 1 && (largest <= MostKept
                ? SetHeapOption(MmapMax, 0) == 1
                : SetHeapOption(MmapMax, UsualMmapMax) == 1 && SetHeapOption(MmapThreshold, GreatestThreshold) == 1);
        }
        catch (EntryPointNotFoundException)
        {
            return false; // another C library
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetHeapOption(int option, int value);
}
