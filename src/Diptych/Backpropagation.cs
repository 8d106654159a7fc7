using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Diptych;

/// <summary>Backward passes through functions of our own, which libtorch calls from native code: on the CPU in the thread that asked for the pass, for a GPU in a thread of its own.</summary>
/// <remarks>So a function keeps <see cref="OfThread"/> with what backward needs while it computes its output: in libtorch's thread it leads to the pass.</remarks>
internal sealed class Backpropagation
{
    [ThreadStatic]
    private static Backpropagation? _ofThread;

    private volatile bool _isRunning;
    private volatile ExceptionDispatchInfo? _failure;
    private List<Tensor>? _handedOver;

    /// <summary>What <see cref="Release"/> would let go of.</summary>
    internal IReadOnlyList<Tensor?>? HandedOver => _handedOver;

    /// <summary>That of the calling thread.</summary>
    public static Backpropagation OfThread => _ofThread ??= new Backpropagation();

    /// <summary>That of the thread in which a function computed its output.</summary>
    /// <param name="context">The function's.</param>
    public static Backpropagation KeptIn(autograd.AutogradContext context) => (Backpropagation)context.get_data(nameof(Backpropagation));

    /// <summary>Lets backward find it, see <see cref="KeptIn"/>.</summary>
    /// <param name="context">The function's.</param>
    public void KeepIn(autograd.AutogradContext context) => context.save_data(nameof(Backpropagation), this);

    /// <summary>Calls <see cref="Tensor.backward()"/>; a failure within a function of ours reaches the caller.</summary>
    /// <param name="value">One number, computed in this thread.</param>
    public static void Run(Tensor value) => OfThread.RunHere(value);

    /// <summary>The gradients that a function gives to libtorch, held until it has taken them.</summary>
    /// <remarks>
    /// It takes them right after the function returns: until then a garbage collection must not free them, and afterwards their memory must not wait for one.
    /// An exception must not cross native code; behind one, gradients are undefined, and <see cref="Run"/> throws it.
    /// </remarks>
    /// <param name="count">Number of the function's inputs.</param>
    /// <param name="compute">One gradient for each input, null where it has none; null where there is none at all.</param>
    public List<Tensor> HandOver(int count, Func<List<Tensor>?> compute)
    {
        // A pass that was begun in another thread than the output was computed in, or without Run, keeps what it hands over to itself.
        if (OfThread is var here && here != this && (here._isRunning || !_isRunning))
            return here.HandOver(count, compute);
        Release();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        try
        {
            List<Tensor> gradients = compute() ?? Undefined(count);
            foreach (Tensor? gradient in gradients)
                gradient?.DetachFromDisposeScope();
            return _handedOver = gradients;
        }
        catch (Exception e) when (_isRunning)
        {
            _failure ??= ExceptionDispatchInfo.Capture(e);
            return Undefined(count);
        }
    }

    /// <summary>Lets go of what was taken.</summary>
    public void Release()
    {
        foreach (Tensor? gradient in Interlocked.Exchange(ref _handedOver, null) ?? [])
            gradient?.Dispose();
    }

    private void RunHere(Tensor value)
    {
        (_isRunning, _failure) = (true, null);
        try
        {
            value.backward();
        }
        finally
        {
            _isRunning = false;
            Release();
        }
        _failure?.Throw();
    }

    private static List<Tensor> Undefined(int count) => [.. new Tensor[count]];
}
