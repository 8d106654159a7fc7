using Diptych.Benchmarks;

if (args is ["pretrain", var images, .. var rest])
    return PretrainTable.Run(images, rest.Length > 0 ? rest[0] : "/usr/bin/python3", rest.Length > 1 ? rest[1] : "cpu");
if (args is ["step", .. var stepArguments])
    return StepTable.Run(stepArguments.Length > 0 ? stepArguments[0] : "/usr/bin/python3", stepArguments.Length > 1 ? stepArguments[1] : "cpu");
if (args is ["step-once", var what, var encoder, var size, var batch, var steps, var device])
    return StepTable.RunOnce(what, encoder, int.Parse(size, System.Globalization.CultureInfo.InvariantCulture), int.Parse(batch, System.Globalization.CultureInfo.InvariantCulture), int.Parse(steps, System.Globalization.CultureInfo.InvariantCulture), device);
if (args is ["loss", .. var python])
    return LossTable.Run(python.Length > 0 ? python[0] : "/usr/bin/python3", python.Length > 1 ? python[1] : "cpu");
if (args is ["loss-once", var count, var lossDevice])
    return LossTable.RunOnce([.. count.Split(',').Select(n => int.Parse(n, System.Globalization.CultureInfo.InvariantCulture))], lossDevice);
if (args is ["views", var photographs, var tiles, .. var more])
    return ViewsTable.Run(photographs, tiles, more.Length > 0 ? more[0] : "/usr/bin/python3");
if (args is ["views-once", var folder])
    return ViewsTable.RunOnce(folder);
if (args is ["pack", var originals])
    return PackTable.Run(originals);
if (args is ["features", var labelled, .. var interpreter])
    return FeaturesTable.Run(labelled, interpreter.Length > 0 ? interpreter[0] : "/usr/bin/python3", interpreter.Length > 1 ? interpreter[1] : "cpu");
if (args is ["features-once", var pictures, var where])
    return FeaturesTable.RunOnce(pictures, where);
if (args is ["evaluation", .. var evaluationDevice])
    return EvaluationTable.Run(evaluationDevice.Length > 0 ? evaluationDevice[0] : "cpu");
if (args is ["kernels"])
    return ViewKernels.Run();
if (args is ["scale", var set])
    return ScaleTable.Run(set);
if (args is ["checkpoint", .. var programPython])
    return CheckpointTable.Run(programPython.Length > 0 ? programPython[0] : "/usr/bin/python3");
if (args is ["startup", .. var programs])
    return StartupTable.Run(programs.Length > 0 ? programs[0] : null, programs.Length > 1 ? programs[1] : "/usr/bin/python3");
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
