using System.Globalization;
using Diptych.Benchmarks;

if (args is ["pretrain", var images, .. var forPretrain])
    return PretrainTable.Run(images, Python(forPretrain), Device(forPretrain, 1));
if (args is ["step", .. var forStep])
    return StepTable.Run(Python(forStep), Device(forStep, 1));
if (args is ["step-once", var what, var encoder, var size, var batch, var steps, var device])
    return StepTable.RunOnce(what, encoder, Number(size), Number(batch), Number(steps), device);
if (args is ["loss", .. var forLoss])
    return LossTable.Run(Python(forLoss), Device(forLoss, 1));
if (args is ["loss-once", var count, .. var forLossOnce])
    return LossTable.RunOnce([.. count.Split(',').Select(Number)], Device(forLossOnce, 0));
if (args is ["views", var photographs, var tiles, .. var forViews])
    return ViewsTable.Run(photographs, tiles, Python(forViews));
if (args is ["views-once", var folder])
    return ViewsTable.RunOnce(folder);
if (args is ["pack", var originals])
    return PackTable.Run(originals);
if (args is ["features", var labelled, .. var forFeatures])
    return FeaturesTable.Run(labelled, Python(forFeatures), Device(forFeatures, 1));
if (args is ["features-once", var pictures, var where])
    return FeaturesTable.RunOnce(pictures, where);
if (args is ["evaluation", .. var forEvaluation])
    return EvaluationTable.Run(Device(forEvaluation, 0));
if (args is ["kernels"])
    return ViewKernels.Run();
if (args is ["scale", var set])
    return ScaleTable.Run(set);
if (args is ["checkpoint", .. var forCheckpoint])
    return CheckpointTable.Run(Python(forCheckpoint));
if (args is ["startup", .. var forStartup])
    return StartupTable.Run(forStartup.Length > 0 ? forStartup[0] : null, Python([.. forStartup.Skip(1)]));
if (args is ["memory", var samples, var chart])
    return MemoryTable.Run(samples, chart);
if (args is ["q", var work, var image])
    return QTable.Run(work, image);
Console.Error.WriteLine("""
    Side-by-side programs; each prints one Markdown table.
      pretrain IMAGES [PYTHON [DEVICE]]    images/s of `diptych pretrain` beside its own bare step and PyTorch's (IMAGES: e.g. a CIFAR-10 folder)
      step [PYTHON [DEVICE]]      images/s of the bare training step, float32 and bfloat16, beside PyTorch's and beside the convolutions alone
      loss [PYTHON [DEVICE]]      time and memory of the loss beside two forms in PyTorch
      views PHOTOGRAPHS.tar TILES.tar.gz [PYTHON]    images/s of the loader beside torchvision and libturbojpeg
      evaluation [DEVICE]         nearest neighbour beside the bare matrix product; seconds of the linear probe
      features IMAGES [PYTHON [DEVICE]]    images/s of feature extraction beside bare inference in PyTorch
      checkpoint [PYTHON]         seconds to write and read a run's state beside plain bytes and beside torch.save and torch.load
      startup [PUBLISHED [PYTHON]]    seconds from the command to help, to libtorch and to the first step (PUBLISHED: the tool's file of a self-contained publish)
      q RUNS PLOT.png             mean and variation of q of the runs of bench/q.sh
      kernels                     one view with each operation alone, by BenchmarkDotNet
      scale IMAGES.tar            images/s and memory of `diptych pretrain` against the batch and the number of images
      memory SAMPLES PLOT.png     memory, files and threads of the run of bench/memory.sh
      pack IMAGES                 images/s of the loader over packed files beside the originals (IMAGES: e.g. a tar of photographs)
    """);
return 2;

static string Python(string[] arguments) => arguments.Length > 0 ? arguments[0] : "/usr/bin/python3";

static string Device(string[] arguments, int place) => arguments.Length > place ? arguments[place] : Bench.Cpu;

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
