using TorchSharp;
using static TorchSharp.torch;

namespace Diptych;

/// <summary>Brings tensors from the CPU to a device, which is not waited for.</summary>
internal static class DeviceCopy
{
    /// <param name="values">A tensor on the CPU.</param>
    /// <param name="device">Where to.</param>
    /// <returns>The tensor itself where that is the CPU.</returns>
    public static Tensor Send(Tensor values, Device device)
    {
        if (device.type == DeviceType.CPU)
            return values;
        if (device.type != DeviceType.CUDA)
            return values.to(device);
        // Only from page-locked memory does CUDA copy beside other work; libtorch keeps it until the copy is done.
        using Tensor locked = values.pin_memory();
        return locked.to(device, non_blocking: true);
    }

    /// <summary>Whole numbers, such as labels.</summary>
    /// <inheritdoc cref="Send(Tensor, Device)"/>
    public static Tensor Send(long[] values, Device device) => Send(tensor(values), device);
}
