using System.Diagnostics;
using System.Globalization;
using Diptych.Data;

namespace Diptych.Tests.Data.Fuzzing;

/// <summary>
/// Damaged files are pictures or named errors; nothing crashes, hangs or takes memory beyond reason. By default a few hundred of
/// each kind; DIPTYCH_FUZZ is another number, and DIPTYCH_FUZZ_FROM the first one's number:
/// <c>DIPTYCH_FUZZ=20000 dotnet run -c Release --project tests/Diptych.Tests -- -class Diptych.Tests.Data.Fuzzing.FuzzTests</c>.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const long MemoryLimit = 64 << 20;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(2);
    private static readonly int Count = Setting("DIPTYCH_FUZZ", 600), First = Setting("DIPTYCH_FUZZ_FROM", 0);

    public static TheoryData<string> Kinds => [.. Corpus.Kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_damaged_file_is_a_picture_or_a_named_error(string kind)
    {
        using var corpus = new Corpus();
        byte[][] seeds = corpus.Seeds(kind);
        int pictures = 0, errors = 0;
        TimeSpan slowest = default;
        long largest = 0;
        for (int number = First; number < First + Count; number++)
        {
            byte[] file = Mutator.Mutate(seeds[number % seeds.Length], seeds[(number + 1) % seeds.Length], number);
            if (kind == "pack" && number % 2 == 0)
                MakeChecksumsRight(file);
            if (kind == "tar" && number % 2 == 0)
                MakeHeaderSumsRight(file);
            string path = corpus.Write("file." + kind, file);
            long started = Stopwatch.GetTimestamp(), before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ReadAll(path);
                pictures++;
            }
            catch (InvalidInputException fault)
            {
                Assert.False(string.IsNullOrWhiteSpace(fault.Message), Say("has an error without a message"));
                errors++;
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException(Say($"ends in {fault.GetType().Name}"), fault);
            }
            TimeSpan taken = Stopwatch.GetElapsedTime(started);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(taken < TimeLimit, Say($"takes {taken.TotalSeconds:F1} s"));
            Assert.True(allocated < MemoryLimit, Say($"takes {allocated:N0} bytes"));
            slowest = taken > slowest ? taken : slowest;
            largest = Math.Max(largest, allocated);

            string Say(string what) => $"File {number} of kind {kind} {what}.";
        }
        output.WriteLine($"{kind}: {pictures:N0} pictures, {errors:N0} named errors; at most {slowest.TotalMilliseconds:F0} ms and {largest:N0} bytes.");
        Assert.True(pictures > 0 && errors > 0, "The damage is all or nothing.");
    }

    // Where damage makes coefficients that no encoder writes, the two overflow differently; those pictures are counted, not compared.
    [Fact]
    public void A_damaged_JPEG_that_libturbojpeg_takes_is_a_picture_for_Skia_too()
    {
        Assert.SkipWhen(TurboJpeg.Name is null, "this machine has no libturbojpeg (Debian: libturbojpeg0)");
        using var corpus = new Corpus();
        byte[][] seeds = corpus.Seeds("jpg");
        var (either, skia) = (new ImageBuffer(), new ImageBuffer());
        int compared = 0, same = 0;
        for (int number = First; number < First + Count; number++)
        {
            byte[] file = Mutator.Mutate(seeds[number % seeds.Length], seeds[(number + 1) % seeds.Length], number);
            if (JpegStructure.FindFault(file) is not null || !TurboJpeg.TryDecode(file, either))
                continue;
            Assert.True(ImageDecoder.DecodeBySkia(file, "JPEG", skia, null) is null, $"Skia refuses file {number}");
            Assert.True((skia.Width, skia.Height) == (either.Width, either.Height), $"file {number} differs in size");
            compared++;
            same += skia.Pixels.SequenceEqual(either.Pixels) ? 1 : 0;
        }
        output.WriteLine($"{compared:N0} of {Count:N0} were decoded by both, {same:N0} of them to the same pixels.");
        Assert.True(same > compared * 0.9);
    }

    private static void ReadAll(string path)
    {
        using IImageSource source = ImageSource.Open(path);
        var buffer = new ImageBuffer();
        UnreadableImageException? unreadable = null;
        for (int i = 0; i < source.Count; i++)
        {
            Assert.NotEmpty(source.GetName(i));
            try
            {
                source.Decode(i, buffer);
                Assert.InRange((long)buffer.Width * buffer.Height, 1, 1 << 28);
            }
            catch (UnreadableImageException fault)
            {
                unreadable ??= fault;
            }
        }
        if (unreadable is not null)
            throw unreadable;
    }

    // So that what lies behind the check sums is damaged too.
    private static void MakeChecksumsRight(byte[] file)
    {
        if (file.Length < 64)
            return;
        ulong at = BitConverter.ToUInt64(file, 24), length = BitConverter.ToUInt64(file, 32);
        if (at <= (ulong)file.Length && length <= (ulong)file.Length - at)
            BitConverter.TryWriteBytes(file.AsSpan(40), PackedFormat.Checksum(file.AsSpan((int)at, (int)length)));
        BitConverter.TryWriteBytes(file.AsSpan(60), PackedFormat.Checksum(file.AsSpan(0, 60)));
    }

    private static void MakeHeaderSumsRight(byte[] file)
    {
        for (int at = 0; at + 512 <= file.Length; at += 512)
        {
            Span<byte> header = file.AsSpan(at, 512);
            if (!header[257..].StartsWith("ustar"u8))
                continue;
            header.Slice(148, 8).Fill((byte)' ');
            int sum = 0;
            foreach (byte value in header)
                sum += value;
            System.Text.Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
        }
    }

    private static int Setting(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : fallback;
}
