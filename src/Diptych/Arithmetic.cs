using TorchSharp;
using static TorchSharp.torch;

namespace Diptych;

/// <summary>Tensors with numbers. Names are torch's; what ends in an underscore changes its tensor.</summary>
/// <remarks>
/// TorchSharp 0.107 turns a number into an object on the native side and hands over its address. Nothing holds the object meanwhile: a garbage
/// collection by another thread may free it before native code has read it, and the call then fails, or computes with what lies there by now.
/// <c>a + b</c> and <c>a.square()</c> are such calls too, with a 1 and a 2 that do not show. Here every number is held until the call is over; the build refuses the
/// calls that do not (BannedSymbols.txt).
/// </remarks>
internal static class Arithmetic
{
    /// <summary>What torch scales by where nothing is to be scaled.</summary>
    public static readonly Scalar One = 1.ToScalar();

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor a, Tensor b) => a.add(b, One);

    /// <inheritdoc cref="Plus(Tensor, Tensor)"/>
    public static Tensor Plus_(this Tensor a, Tensor b) => a.add_(b, One);

    /// <summary>a + number.</summary>
    public static Tensor Plus(this Tensor a, double number) => With(number, held => a.add(held, One));

    /// <summary>a + number, of whole numbers.</summary>
    public static Tensor Plus(this Tensor a, long number)
    {
        using Scalar held = number.ToScalar();
        return a.add(held, One);
    }

    /// <summary>a − number.</summary>
    public static Tensor Minus(this Tensor a, double number) => With(number, a.sub);

    /// <inheritdoc cref="Minus(Tensor, double)"/>
    public static Tensor Minus_(this Tensor a, double number) => With(number, a.sub_);

    /// <summary>a · number.</summary>
    public static Tensor Times(this Tensor a, double number) => With(number, a.mul);

    /// <inheritdoc cref="Times(Tensor, double)"/>
    public static Tensor Times_(this Tensor a, double number) => With(number, a.mul_);

    /// <summary>a / number.</summary>
    public static Tensor Over(this Tensor a, double number) => With(number, held => a.div(held));

    /// <summary>a².</summary>
    public static Tensor Squared(this Tensor a) => With(2, a.pow);

    /// <summary>max(a, number).</summary>
    public static Tensor AtLeast(this Tensor a, double number) => With(number, a.clamp_min);

    /// <inheritdoc cref="AtLeast(Tensor, double)"/>
    public static Tensor AtLeast_(this Tensor a, double number) => With(number, a.clamp_min_);

    /// <summary>Whether a &gt; number.</summary>
    public static Tensor IsAbove(this Tensor a, double number) => With(number, a.gt);

    /// <summary>Whether a &lt; number.</summary>
    public static Tensor IsBelow(this Tensor a, double number) => With(number, a.lt);

    /// <summary>All entries become the number.</summary>
    public static Tensor Fill_(this Tensor a, double number) => With(number, a.fill_);

    /// <summary>The number where <paramref name="isMasked"/>.</summary>
    public static Tensor Masked(this Tensor a, Tensor isMasked, double number) => With(number, held => a.masked_fill(isMasked, held));

    /// <inheritdoc cref="Masked"/>
    public static Tensor Masked_(this Tensor a, Tensor isMasked, double number) => With(number, held => a.masked_fill_(isMasked, held));

    /// <summary>A call with a number that is held until it is over.</summary>
    public static Tensor With(double number, Func<Scalar, Tensor> call)
    {
        using Scalar held = number.ToScalar();
        return call(held);
    }

    /// <summary>The whole numbers from first up to end, without it.</summary>
    /// <param name="first">The first.</param>
    /// <param name="end">Behind the last.</param>
    /// <param name="type">Type of the entries.</param>
    /// <param name="device">Where to.</param>
    public static Tensor Range(long first, long end, ScalarType type, Device device)
    {
        using Scalar from = first.ToScalar(), to = end.ToScalar();
        return arange(from, to, One, dtype: type, device: device);
    }
}
