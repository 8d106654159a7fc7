using System.Runtime.InteropServices;

namespace Diptych.Cli;

/// <summary>Turns the first Ctrl-C or SIGTERM into a request to stop; the second ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _interrupt, _terminate;

    public StopSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    }

    public CancellationToken Token => _stop.Token;

    /// <summary>Whether it was SIGTERM, which reaches this process alone; Ctrl-C reaches its children too.</summary>
    public bool IsTerminated { get; private set; }

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _stop.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        if (_stop.IsCancellationRequested)
            return;
        context.Cancel = true;
        IsTerminated = context.Signal == PosixSignal.SIGTERM;
        _stop.Cancel();
    }
}
