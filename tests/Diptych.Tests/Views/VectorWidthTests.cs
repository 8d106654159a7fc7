using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using Diptych.Data;
using Diptych.Views;
using Diptych.Views.Kernels;

namespace Diptych.Tests.Views;

/// <summary>The test program runs again with wide vectors switched off, and every view must have the same bytes.</summary>
public sealed class VectorWidthTests
{
    private const string ReportVariable = "DIPTYCH_TEST_VIEW_BYTES";

    [Theory]
    [InlineData(512, "DOTNET_MaxVectorTBitWidth=512")]
    [InlineData(256, "DOTNET_EnableAVX512=0", "DOTNET_EnableAVX512F=0")]
    [InlineData(128, "DOTNET_EnableAVX2=0")]
    [InlineData(0, "DOTNET_EnableHWIntrinsic=0")]
    public async Task Views_have_the_same_bytes_at_any_vector_width(int bits, params string[] settings)
    {
        Assert.SkipWhen(bits == 512 && !Avx512BW.IsSupported, "this processor has no AVX-512");
        Assert.SkipWhen(bits == 256 && !Avx2.IsSupported, "this processor has no AVX2");
        Assert.SkipWhen(bits == 128 && !Sse2.IsSupported, "the settings are those of x86 processors");
        using var folder = new TemporaryFolder();
        string report = folder.File("report.txt");
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(VectorWidthTests).Assembly.Location, "-method", $"{typeof(VectorWidthTests).FullName}.{nameof(Reports_the_bytes_of_its_views)}", "-explicit", "only"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [ReportVariable] = report },
        };
        foreach (string setting in settings)
            start.Environment[setting.Split('=')[0]] = setting.Split('=')[1];
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0 && File.Exists(report), $"{await output}\n{await error}");

        string[] lines = await File.ReadAllLinesAsync(report, TestContext.Current.CancellationToken);
        Assert.Equal(bits, int.Parse(lines[0], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(Hashes(), lines[1..]);
    }

    // Run by the test above in a process of its own.
    [Fact(Explicit = true)]
    public void Reports_the_bytes_of_its_views()
    {
        string report = Environment.GetEnvironmentVariable(ReportVariable) ?? throw new InvalidOperationException($"Name the file to write in {ReportVariable}.");
        File.WriteAllLines(report, [$"{(Vector.IsHardwareAccelerated ? Vector<byte>.Count * 8 : 0)}", .. Hashes()]);
    }

    // Every operation at sizes that leave every remainder: what a recipe draws, packed and normalized.
    private static List<string> Hashes()
    {
        var hashes = new List<string>();
        var renderer = new ViewRenderer();
        var image = new ImageBuffer();
        foreach (string name in ViewRecipe.KnownNames)
        {
            foreach (BlurKind blur in Enum.GetValues<BlurKind>())
            {
                ViewRecipe recipe = ViewRecipe.Named(name, name == "imagenet" ? 45 : null) with
                {
                    BlurKind = blur, BlurProbability = 0.7, SolarizeProbability = 0.3, FlipVertical = 0.5, QuarterTurns = true, SecondView = null,
                };
                byte[] view = new byte[recipe.Size * recipe.Size * 4];
                byte[] packed = new byte[recipe.Size * recipe.Size * recipe.Channels];
                float[] values = new float[packed.Length];
                var normalizer = new Normalizer(recipe.Mean, recipe.StandardDeviation, recipe.Channels);
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                for (int number = 0; number < (recipe.Size > 100 ? 3 : 12); number++)
                {
                    image.Resize(33 + number * 11, 90 - number * 5);
                    GoldenImages.Make("scene", image.Width, image.Height, number).CopyTo(image.Pixels);
                    ViewDraw draw = ViewDraw.For(recipe, image.Width, image.Height, 8, 0, number, 0);
                    renderer.Render(image, draw, recipe, view.AsSpan());
                    hash.AppendData(view);
                    renderer.RenderPacked(image, draw, recipe, packed);
                    hash.AppendData(packed);
                    renderer.RenderWhole(image, recipe, packed);
                    normalizer.Apply(packed, values);
                    hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan()));
                }
                hashes.Add($"{name}, {blur}: {Convert.ToHexString(hash.GetHashAndReset())}");
            }
        }
        return hashes;
    }
}
