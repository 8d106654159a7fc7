using Diptych.Methods;
using Diptych.Models;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>The projector of a run, which encoder files leave out: its last checkpoint still has it.</summary>
public static class TrainedProjector
{
    /// <summary>Reads the projector from the newest whole checkpoint. The caller disposes it; no dispose scope does.</summary>
    /// <param name="folder">The run.</param>
    /// <exception cref="InvalidInputException">There is no whole checkpoint, or its projector does not fit the run's settings.</exception>
    public static Projector Read(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        PretrainOptions options = folder.ReadOptions();
        var (_, _, tensors) = folder.Checkpoints.ReadNewest([]) ?? throw new InvalidInputException($"{folder.Path} has no whole checkpoint, and only checkpoints hold the projector.");
        try
        {
            IMethod method = options.CreateMethod(options.CreateEncoder(), images: 2);
            var projector = (Projector)method.Networks.First(n => n.Name == "projector").Module;
            NetworkState.Restore(projector, tensors, folder.Path, "projector.");
            foreach (var (_, module) in method.Networks.Where(n => n.Module != projector))
                module.Dispose();
            projector.eval();
            return projector;
        }
        finally
        {
            foreach (Tensor tensor in tensors.Values)
                tensor.Dispose();
        }
    }
}
