using Diptych.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>Where a run is computed, and how often the host waits for it.</summary>
/// <param name="Device">Where its tensors are.</param>
/// <param name="IsAsynchronous">Whether steps are made ahead and looked at later, as suits a GPU; a test asks for it on a CPU.</param>
internal sealed record Placement(Device Device, bool IsAsynchronous)
{
    private const int BatchesBetweenReads = 20;

    /// <summary>The placement that suits a device.</summary>
    public static Placement On(Device device) => new(device, device.type != DeviceType.CPU);

    /// <summary>Batches after which the figures of their steps are read: each on a CPU, where they are there anyway.</summary>
    public int ReadEvery => IsAsynchronous ? BatchesBetweenReads : 1;

    /// <summary>Threads that draw views where the settings name no number. On a CPU they share the cores of the arithmetic: who has less to do sleeps.</summary>
    public int UsualWorkers => IsAsynchronous ? Environment.ProcessorCount : get_num_threads();

    /// <inheritdoc cref="ViewTensor.From"/>
    public Tensor ViewsOf(ViewBatch batch) => IsAsynchronous ? ViewTensor.OnDevice(batch, Device) : ViewTensor.From(batch, Device);
}
