using System.Runtime.Intrinsics.X86;

namespace Diptych;

/// <summary>What .NET does not say of the processor.</summary>
internal static class Processor
{
    // Bytes of a thread's state in memory: what lies before the tiles, and the tiles. Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapters 13 and 18.
    private const int StateWithTiles = 2816 + 8192;

    /// <summary>Whether libtorch multiplies bfloat16 matrices by Intel's AMX: the processor has it, the system saves its tiles, and <c>ONEDNN_MAX_CPU_ISA</c> does not keep it out.</summary>
    public static bool HasTiles { get; } = X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 13 && (X86Base.CpuId(7, 0).Edx & (1 << 22)) != 0
        && X86Base.CpuId(13, 0).Ebx >= StateWithTiles && IsAllowed(Environment.GetEnvironmentVariable("ONEDNN_MAX_CPU_ISA"));

    private static bool IsAllowed(string? most) => most is null or "" || most.ToUpperInvariant() is var name && (name is "ALL" or "DEFAULT" || name.Contains("AMX", StringComparison.Ordinal));
}
