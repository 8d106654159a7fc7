using System.Runtime.InteropServices;

namespace Diptych.Benchmarks;

/// <summary>libturbojpeg's bare decode, one call an image into memory that is there: the ceiling of any loader of JPEG files.</summary>
internal sealed unsafe partial class TurboJpeg : IDisposable
{
    private const int Rgbx = 2;
    private readonly nint _handle = tjInitDecompress();
    private byte[] _pixels = [];

    public void Decode(byte[] file)
    {
        if (tjDecompressHeader3(_handle, file, file.Length, out int width, out int height, out _, out _) != 0)
            throw new InvalidDataException("libturbojpeg refused a header");
        if (_pixels.Length < width * height * 4)
            _pixels = GC.AllocateUninitializedArray<byte>(width * height * 4);
        if (tjDecompress2(_handle, file, file.Length, _pixels, width, 0, height, Rgbx, 0) != 0)
            throw new InvalidDataException("libturbojpeg refused an image");
    }

    public void Dispose() => _ = tjDestroy(_handle);

    [LibraryImport("libturbojpeg.so.0")]
    private static partial nint tjInitDecompress();

    [LibraryImport("libturbojpeg.so.0")]
    private static partial int tjDestroy(nint handle);

    [LibraryImport("libturbojpeg.so.0")]
    private static partial int tjDecompressHeader3(nint handle, [In] byte[] file, CULong length, out int width, out int height, out int subsampling, out int colours);

    [LibraryImport("libturbojpeg.so.0")]
    private static partial int tjDecompress2(nint handle, [In] byte[] file, CULong length, [Out] byte[] pixels, int width, int pitch, int height, int format, int flags);

    private static int tjDecompressHeader3(nint handle, byte[] file, int length, out int width, out int height, out int subsampling, out int colours) =>
        tjDecompressHeader3(handle, file, new CULong((uint)length), out width, out height, out subsampling, out colours);

    private static int tjDecompress2(nint handle, byte[] file, int length, byte[] pixels, int width, int pitch, int height, int format, int flags) =>
        tjDecompress2(handle, file, new CULong((uint)length), pixels, width, pitch, height, format, flags);
}
