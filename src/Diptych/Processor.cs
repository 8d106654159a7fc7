using System.Runtime.Intrinsics.X86;

namespace Diptych;

/// <summary>What .NET does not say of the processor.</summary>
internal static class Processor
{
    /// <summary>Whether it multiplies bfloat16 matrices tile by tile (Intel AMX).</summary>
    public static bool HasTiles { get; } = X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Edx & (1 << 22)) != 0;
}
