using Diptych.Data;
using Diptych.Models;
using Diptych.Training;
using Diptych.Views;
using static TorchSharp.torch;

namespace Diptych.Evaluation;

/// <summary>Images to features, without randomness: each image whole, in the encoder's evaluation mode.</summary>
public static class FeatureExtractor
{
    private const int EmbedBlock = 8192, UsualBatch = 256;

    /// <summary>Keeps the memory of a batch for the next one; for programs that do nothing else meanwhile.</summary>
    /// <param name="encoder">Whose features are wanted.</param>
    /// <param name="recipe">Their size.</param>
    internal static void KeepMemory(ResNet encoder, ViewRecipe recipe) => NativeHeap.KeepFreed(encoder.Settings.LargestActivation(UsualBatch, recipe.Size, sizeof(float)));

    /// <summary>Features of every image of a source.</summary>
    /// <param name="encoder">The encoder; its weights and statistics are not changed.</param>
    /// <param name="source">The images.</param>
    /// <param name="recipe">Size, mean and standard deviation of the encoder's input.</param>
    /// <param name="batchSize">Images at a time.</param>
    /// <returns>Features, <c>[M, F]</c>, float32, in the order of the source, where the encoder is; they belong to the dispose scope, or to the caller outside of one.</returns>
    public static Tensor Extract(ResNet encoder, IImageSource source, ViewRecipe recipe, int batchSize = UsualBatch)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(recipe);
        bool wasTraining = encoder.training;
        encoder.eval();
        try
        {
            return Collect(source, recipe, encoder.Settings.FeatureCount, batchSize, KnownDevice.Of(encoder), encoder.call);
        }
        finally
        {
            encoder.train(wasTraining);
        }
    }

    /// <summary>The normalized pixels themselves as features: the baseline that any encoder should beat.</summary>
    /// <param name="source">The images.</param>
    /// <param name="recipe">Size, mean and standard deviation.</param>
    /// <param name="device">Where they are wanted; null for the CPU.</param>
    /// <returns>Pixels, <c>[M, C·H·W]</c>.</returns>
    public static Tensor RawPixels(IImageSource source, ViewRecipe recipe, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(recipe);
        return Collect(source, recipe, recipe.Channels * recipe.Size * recipe.Size, UsualBatch, device ?? CPU, views => views.reshape(views.shape[0], -1));
    }

    /// <summary>Embeddings of features, by the projector that stood before the loss.</summary>
    /// <param name="projector">The projector; its weights and statistics are not changed.</param>
    /// <param name="features"><c>[M, F]</c>.</param>
    /// <returns>Embeddings, <c>[M, D]</c>.</returns>
    public static Tensor Embed(Projector projector, Tensor features)
    {
        ArgumentNullException.ThrowIfNull(projector);
        ArgumentNullException.ThrowIfNull(features);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        bool wasTraining = projector.training;
        projector.eval();
        try
        {
            Tensor embeddings = empty([features.shape[0], projector.EmbeddingSize], device: features.device);
            for (long start = 0; start < features.shape[0]; start += EmbedBlock)
            {
                using var block = NewDisposeScope();
                long length = Math.Min(EmbedBlock, features.shape[0] - start);
                embeddings.narrow(0, start, length).copy_(projector.call(features.narrow(0, start, length)));
            }
            return embeddings.MoveToOuterDisposeScope();
        }
        finally
        {
            projector.train(wasTraining);
        }
    }

    /// <summary>Runs over whole images in the order of the source, batch by batch.</summary>
    /// <param name="source">The images.</param>
    /// <param name="recipe">Size, mean and standard deviation.</param>
    /// <param name="batchSize">Images at a time.</param>
    /// <param name="first">Index of the image to begin with.</param>
    /// <param name="device">Where a batch is wanted.</param>
    /// <param name="take">Takes a batch, <c>[B, C, H, W]</c>, and says whether to go on.</param>
    internal static void Read(IImageSource source, ViewRecipe recipe, int batchSize, int first, Device device, Func<Tensor, bool> take)
    {
        using var noGradient = no_grad();
        using var loader = new ViewLoader(source, recipe, new ViewLoaderOptions { BatchSize = batchSize, Views = 1, KeepDecoded = 0, Workers = Placement.On(device).UsualWorkers });
        foreach (ViewBatch batch in loader.ReadWhole([.. Enumerable.Range(first, source.Count - first)]))
        {
            using var scope = NewDisposeScope();
            if (!take(ViewTensor.From(batch, device)))
                return;
        }
    }

    private static Tensor Collect(IImageSource source, ViewRecipe recipe, int length, int batchSize, Device device, Func<Tensor, Tensor> compute)
    {
        Tensor features = empty([source.Count, length], dtype: ScalarType.Float32, device: device);
        int done = 0;
        Read(source, recipe, batchSize, 0, device, images =>
        {
            int count = (int)images.shape[0];
            features[TensorIndex.Slice(done, done + count)] = compute(images);
            done += count;
            return true;
        });
        return features;
    }
}
