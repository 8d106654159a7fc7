using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Diptych.Data;
using Diptych.Views;
using Diptych.Views.Kernels;

namespace Diptych.Tests.Views;

/// <summary>The kernels against Pillow 9.4 and torchvision 0.14: numbers made by Golden/make_views_golden.py.</summary>
public sealed unsafe class GoldenTests
{
    private static readonly JsonElement Golden = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("views-golden.json"))).RootElement;
    private static readonly byte[] Outputs = ReadOutputs();

    public static TheoryData<int> CaseNumbers => [.. Enumerable.Range(0, Golden.GetProperty("cases").GetArrayLength())];

    [Theory]
    [MemberData(nameof(CaseNumbers))]
    public void Makes_the_bytes_that_Pillow_makes(int number)
    {
        JsonElement expected = Golden.GetProperty("cases")[number];
        JsonElement image = expected.GetProperty("image");
        int width = image[1].GetInt32(), height = image[2].GetInt32();
        byte[] rgbx = GoldenImages.Make(image[0].GetString()!, width, height, image[3].GetInt32());

        if (expected.TryGetProperty("crop", out JsonElement crop))
        {
            JsonElement size = expected.GetProperty("size");
            var filter = Enum.Parse<ResizeFilter>(expected.GetProperty("filter").GetString()!, ignoreCase: true);
            rgbx = PlaneImages.Resize(rgbx, width, Box(crop), size[0].GetInt32(), size[1].GetInt32(), filter);
            (width, height) = (size[0].GetInt32(), size[1].GetInt32());
        }
        if (expected.TryGetProperty("whole", out JsonElement whole))
        {
            byte[] view = new byte[whole.GetInt32() * whole.GetInt32() * 3];
            new ViewRenderer().RenderWhole(Buffer(rgbx, width, height), new ViewRecipe { Size = whole.GetInt32() }, view);
            rgbx = [.. view.Chunk(3).SelectMany(pixel => pixel.Append((byte)255))];
        }
        bool isExact = true;
        foreach (JsonElement operation in expected.GetProperty("operations").EnumerateArray())
        {
            Apply(rgbx, width, height, operation);
            isExact &= !(operation.TryGetProperty("kind", out JsonElement kind) && kind.GetString() == "gaussian");
        }

        Compare(expected, GoldenImages.Rgb(rgbx), isExact);
    }

    [Fact]
    public void A_whole_view_makes_the_same_bytes_as_the_operations_one_by_one()
    {
        var renderer = new ViewRenderer();
        int compared = 0;
        foreach (JsonElement expected in Golden.GetProperty("cases").EnumerateArray())
        {
            JsonElement[] operations = [.. expected.GetProperty("operations").EnumerateArray()];
            if (operations.Length < 4)
                continue;
            compared++;
            JsonElement image = expected.GetProperty("image");
            int width = image[1].GetInt32(), height = image[2].GetInt32();
            bool isExact = !operations.Any(operation => operation.TryGetProperty("kind", out JsonElement kind) && kind.GetString() == "gaussian");
            var recipe = new ViewRecipe
            {
                Size = expected.GetProperty("size")[0].GetInt32(),
                Filter = Enum.Parse<ResizeFilter>(expected.GetProperty("filter").GetString()!, ignoreCase: true),
                BlurKind = isExact ? BlurKind.Pillow : BlurKind.Gaussian,
            };
            byte[] view = new byte[recipe.Size * recipe.Size * 4];
            renderer.Render(Buffer(GoldenImages.Make(image[0].GetString()!, width, height, image[3].GetInt32()), width, height), ToDraw(expected, operations), recipe, view.AsSpan());
            Compare(expected, GoldenImages.Rgb(view), isExact);
        }
        Assert.Equal(36, compared);
    }

    [Fact]
    public void Normalizes_to_the_floats_of_torchvision()
    {
        byte[] grays = [.. Enumerable.Range(0, 3 * 256).Select(i => (byte)(i / 3))];
        foreach (JsonElement expected in Golden.GetProperty("normalize").EnumerateArray())
        {
            float[] values = new float[256 * 3];
            new Normalizer(Triple(expected.GetProperty("mean")), Triple(expected.GetProperty("deviation")), 3).Apply(grays, values);
            byte[] bytes = new byte[values.Length * 4];
            System.Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
            Assert.Equal(expected.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(bytes)));
        }

        static Rgb Triple(JsonElement values) => new(values[0].GetSingle(), values[1].GetSingle(), values[2].GetSingle());
    }

    // Exact, or for torchvision's blur, whose sums run in another order, within 1 in at most a thousandth of the values.
    private static void Compare(JsonElement golden, byte[] found, bool isExact)
    {
        if (golden.TryGetProperty("sha256", out JsonElement hash))
        {
            Assert.Equal(hash.GetString(), Convert.ToHexStringLower(SHA256.HashData(found)));
            return;
        }
        ReadOnlySpan<byte> expected = Outputs.AsSpan(golden.GetProperty("offset").GetInt32(), golden.GetProperty("length").GetInt32());
        Assert.Equal(expected.Length, found.Length);
        int differing = 0, largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            int difference = Math.Abs(expected[i] - found[i]);
            differing += difference > 0 ? 1 : 0;
            largest = Math.Max(largest, difference);
        }
        bool isWithin = isExact ? differing == 0 : largest <= 1 && differing * 1000 <= expected.Length;
        Assert.True(isWithin, $"{differing} of {expected.Length} values differ, by up to {largest}, with {GoldenImages.Width}: {golden}");
    }

    private static void Apply(byte[] rgbx, int width, int height, JsonElement operation)
    {
        double Number(string name) => operation.GetProperty(name).GetDouble();
        switch (operation.GetProperty("name").GetString())
        {
            case "flip-horizontal": Flip(isMirrored: true, isUpsideDown: false); break;
            case "flip-vertical": Flip(isMirrored: false, isUpsideDown: true); break;
            case "quarter-turns": Turn((int)Number("count")); break;
            case "brightness": PlaneImages.Map(rgbx, width, height, new Blend(Number("factor"), 0)); break;
            case "contrast": PlaneImages.Contrast(rgbx, width, height, Number("factor")); break;
            case "saturation": PlaneImages.Map(rgbx, width, height, new Saturation(Number("factor"))); break;
            case "hue": PlaneImages.Map(rgbx, width, height, new Hue(Number("factor"))); break;
            case "solarize": PlaneImages.Change(rgbx, width, height, planes => ValueMap.Apply(planes, new Solarize((int)Number("threshold")))); break;
            case "grayscale": PlaneImages.Map(rgbx, width, height, new Grayscale()); break;
            case "blur" when operation.GetProperty("kind").GetString() == "pillow": PlaneImages.Change(rgbx, width, height, planes => new PillowBlur().Apply(planes, Number("sigma"))); break;
            case "blur": PlaneImages.Change(rgbx, width, height, planes => new GaussianBlur().Apply(planes, (int)Number("kernel"), Number("sigma"))); break;
            default: throw new InvalidDataException(operation.ToString());
        }

        void Flip(bool isMirrored, bool isUpsideDown) =>
            PlaneImages.Resize(rgbx, width, ImageRegion.Whole(width, height), width, height, ResizeFilter.Bilinear, isMirrored, isUpsideDown).CopyTo(rgbx, 0);

        void Turn(int count) => PlaneImages.Change(rgbx, width, height, planes =>
        {
            var turned = new Planes();
            Turns.Apply(planes, turned, count);
            new ReadOnlySpan<byte>(turned[0], planes.Length).CopyTo(new(planes[0], planes.Length));
            new ReadOnlySpan<byte>(turned[1], planes.Length).CopyTo(new(planes[1], planes.Length));
            new ReadOnlySpan<byte>(turned[2], planes.Length).CopyTo(new(planes[2], planes.Length));
        });
    }

    private static ViewDraw ToDraw(JsonElement golden, JsonElement[] operations)
    {
        JsonElement[] Named(string name) => [.. operations.Where(operation => operation.GetProperty("name").GetString() == name)];
        return new ViewDraw
        {
            Crop = Box(golden.GetProperty("crop")),
            IsFlippedHorizontally = Named("flip-horizontal").Length > 0,
            IsFlippedVertically = Named("flip-vertical").Length > 0,
            QuarterTurns = Named("quarter-turns") is [var turns] ? turns.GetProperty("count").GetInt32() : 0,
            Jitter = [.. operations.Where(operation => operation.TryGetProperty("factor", out _)).Select(operation => new JitterStep(
                Enum.Parse<JitterKind>(operation.GetProperty("name").GetString()!, ignoreCase: true), operation.GetProperty("factor").GetDouble()))],
            IsGrayscale = Named("grayscale").Length > 0,
            BlurSigma = Named("blur") is [var blur] ? blur.GetProperty("sigma").GetDouble() : null,
            SolarizeThreshold = Named("solarize") is [var solarize] ? solarize.GetProperty("threshold").GetInt32() : null,
        };
    }

    private static ImageRegion Box(JsonElement crop) => new(crop[0].GetInt32(), crop[1].GetInt32(), crop[2].GetInt32(), crop[3].GetInt32());

    private static ImageBuffer Buffer(byte[] rgbx, int width, int height)
    {
        var buffer = new ImageBuffer();
        buffer.Resize(width, height);
        rgbx.CopyTo(buffer.Pixels);
        return buffer;
    }

    private static byte[] ReadOutputs()
    {
        using var unzipped = new MemoryStream();
        using var stream = new GZipStream(File.OpenRead(Repository.Golden("views-golden.bin.gz")), CompressionMode.Decompress);
        stream.CopyTo(unzipped);
        return unzipped.ToArray();
    }
}
