#nullable disable
#pragma warning disable IDE0005 // The tests have implicit usings, the build task has not.
using System;
using System.IO;
using System.Text;

namespace Diptych.Build;

/// <summary>Makes one version that an ELF library needs optional ("weak"), so that systems without it still load the library.</summary>
/// <remarks>
/// TorchSharp's Linux library is built with GCC 13 and asks libstdc++ for GLIBCXX_3.4.32, which Debian 12 and Ubuntu 22.04
/// lack; the loader then refuses the whole library. The only symbol of that version is the initializer
/// std::ios_base_library_init(), an undefined symbol which no relocation uses: it exists to pull a new enough libstdc++, and
/// older ones initialize their streams by themselves. So nothing is ever called that could be missing. A file in which
/// any other symbol has that version is refused. The C# here stays within what an inline MSBuild task can compile.
/// Layout: ELF-64 and "Symbol Versioning" in the Linux Standard Base, core specification.
/// </remarks>
public static class WeakVersionNeed
{
    private const int SectionDynsym = 11;
    private const int SectionVerneed = 0x6ffffffe;
    private const int SectionVersym = 0x6fffffff;
    private const int FlagWeak = 2;
    private const string Version = "GLIBCXX_3.4.32";
    private const string Initializer = "_ZSt21ios_base_library_initv";

    /// <summary>Sets the weak flag in place.</summary>
    /// <param name="file">The whole library: ELF, 64 bits, little-endian.</param>
    /// <returns>Whether a byte changed; false when the version is weak already, or not needed.</returns>
    /// <exception cref="InvalidDataException">The file is not such a library, or needs the version for more than the initializer.</exception>
    public static bool Mark(byte[] file)
    {
        if (file.Length < 64 || file[0] != 0x7f || file[1] != 'E' || file[2] != 'L' || file[3] != 'F' || file[4] != 2 || file[5] != 1)
            throw new InvalidDataException("expected a 64-bit little-endian ELF file");

        long need = Section(file, SectionVerneed);
        if (need < 0)
            return false;
        long names = SectionOffset(file, SectionHeader(file, U32(file, need + 40)));
        long entry = SectionOffset(file, need);
        for (long left = U32(file, need + 44); left > 0; left--)
        {
            long version = entry + U32(file, entry + 8);
            for (int inner = U16(file, entry + 2); inner > 0; inner--)
            {
                if (Text(file, names + U32(file, version + 8)) == Version)
                    return MarkEntry(file, version);
                version += Step(file, version + 12);
            }
            entry += Step(file, entry + 12);
        }
        return false;
    }

    private static bool MarkEntry(byte[] file, long entry)
    {
        CheckSymbols(file, U16(file, entry + 6));
        int flags = U16(file, entry + 4);
        if ((flags & FlagWeak) != 0)
            return false;
        file[entry + 4] = (byte)(flags | FlagWeak);
        return true;
    }

    private static void CheckSymbols(byte[] file, int version)
    {
        long symbols = Section(file, SectionDynsym);
        long versions = Section(file, SectionVersym);
        if (symbols < 0 || versions < 0)
            throw new InvalidDataException("expected the sections .dynsym and .gnu.version");
        long names = SectionOffset(file, SectionHeader(file, U32(file, symbols + 40)));
        long count = U64(file, versions + 32) / 2;
        for (long i = 0; i < count; i++)
        {
            if ((U16(file, SectionOffset(file, versions) + 2 * i) & 0x7fff) != version)
                continue;
            string name = Text(file, names + U32(file, SectionOffset(file, symbols) + 24 * i));
            if (name != Initializer)
                throw new InvalidDataException("expected " + Version + " for " + Initializer + " only, but " + name + " has it too");
        }
    }

    // Offset of the header of the first section of this type; -1 when there is none.
    private static long Section(byte[] file, int type)
    {
        int count = U16(file, 60);
        for (int i = 0; i < count; i++)
        {
            if (U32(file, SectionHeader(file, i) + 4) == type)
                return SectionHeader(file, i);
        }
        return -1;
    }

    private static long SectionHeader(byte[] file, long index) => U64(file, 40) + index * U16(file, 58);

    private static long SectionOffset(byte[] file, long header) => U64(file, header + 24);

    private static string Text(byte[] file, long at)
    {
        long end = at;
        while (Bytes(file, end, 1) != 0)
            end++;
        return Encoding.ASCII.GetString(file, (int)at, (int)(end - at));
    }

    // To the next entry. Zero marks the last one, and then the counts say so too.
    private static long Step(byte[] file, long at)
    {
        long step = U32(file, at);
        return step > 0 ? step : file.Length;
    }

    private static int U16(byte[] file, long at) => (int)Bytes(file, at, 2);

    private static long U32(byte[] file, long at) => Bytes(file, at, 4);

    private static long U64(byte[] file, long at) => Bytes(file, at, 8);

    private static long Bytes(byte[] file, long at, int count)
    {
        if (at < 0 || at > file.Length - count)
            throw new InvalidDataException("the ELF file ends early, or an offset in it points outside");
        long value = 0;
        for (int i = count - 1; i >= 0; i--)
            value = value << 8 | file[at + i];
        return value;
    }
}

#if !DIPTYCH_TESTS
/// <summary>The MSBuild task: writes a copy of <see cref="Source"/> with the weak flag set to <see cref="Destination"/>.</summary>
public class MarkVersionNeedWeak : Microsoft.Build.Utilities.Task
{
    /// <summary>TorchSharp's libLibTorchSharp.so.</summary>
    [Microsoft.Build.Framework.Required]
    public string Source { get; set; }

    /// <summary>The copy.</summary>
    [Microsoft.Build.Framework.Required]
    public string Destination { get; set; }

    /// <inheritdoc/>
    public override bool Execute()
    {
        try
        {
            byte[] file = File.ReadAllBytes(Source);
            WeakVersionNeed.Mark(file);
            Directory.CreateDirectory(Path.GetDirectoryName(Destination));
            File.WriteAllBytes(Destination, file);
        }
        catch (Exception e) when (e is IOException || e is UnauthorizedAccessException || e is InvalidDataException)
        {
            Log.LogError("{0} cannot be prepared for systems without GCC 13's libstdc++: {1}. Set the property DiptychWeakVersionNeed to false to use it as it is.", Source, e.Message);
        }
        return !Log.HasLoggedErrors;
    }
}
#endif
