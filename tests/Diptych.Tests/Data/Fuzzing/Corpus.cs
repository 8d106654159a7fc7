using System.Text;
using Diptych.Data;
using Diptych.Views;

namespace Diptych.Tests.Data.Fuzzing;

/// <summary>The whole files that are damaged: the golden pictures, and sets made of them.</summary>
internal sealed class Corpus : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static string[] Kinds { get; } = ["jpg", "png", "tar", "idx3-ubyte", "pack"];

    /// <summary>Files of one kind, in a fixed order.</summary>
    public byte[][] Seeds(string kind) => kind switch
    {
        "jpg" or "png" => Directory.GetFiles(Repository.Image("."), "*." + kind).Order(StringComparer.Ordinal).Select(File.ReadAllBytes).ToArray(),
        "tar" => [Tar("pax.tar", System.Formats.Tar.TarEntryFormat.Pax), Tar("gnu.tar", System.Formats.Tar.TarEntryFormat.Gnu), Tar("ustar.tar", System.Formats.Tar.TarEntryFormat.Ustar)],
        "idx3-ubyte" => [[0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 5, .. Enumerable.Range(0, 105).Select(i => (byte)i)]],
        _ => [Pack("jpeg"), Pack("raw")],
    };

    public string Write(string name, byte[] bytes) => _folder.Write(name, bytes);

    public void Dispose() => _folder.Dispose();

    private byte[] Tar(string name, System.Formats.Tar.TarEntryFormat format)
    {
        string longName = format == System.Formats.Tar.TarEntryFormat.Ustar ? "c" : new string('c', 150);
        return File.ReadAllBytes(_folder.WriteTar(name, [
            ("a/1.jpg", File.ReadAllBytes(Repository.Image("baseline.jpg"))), ("a/1.cls", Encoding.UTF8.GetBytes("4")),
            ($"b/{longName}.png", File.ReadAllBytes(Repository.Image("gray.png"))), ($"b/{longName}.json", Encoding.UTF8.GetBytes("""{"label": "dog"}"""))], format));
    }

    private byte[] Pack(string store)
    {
        foreach (string name in (string[])["baseline.jpg", "palette.png", "gray.png"])
            _folder.Write($"{store}/{name[..1]}/{name}", File.ReadAllBytes(Repository.Image(name)));
        using IImageSource source = ImageSource.Open(_folder.File(store));
        ImagePacking.Write(source, _folder.File($"{store}.pack"), new() { Store = store, Size = 16 });
        return File.ReadAllBytes(_folder.File($"{store}.pack"));
    }
}
