using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Diptych.Training;

/// <summary>An update of <see cref="Sgd"/> in one pass over parameters, gradients and velocities that lie on the CPU.</summary>
/// <remarks>Multiplications and additions are fused, with the hardware or without: equal inputs give equal bits, for any number of threads and on every machine.</remarks>
/// <param name="momentum">Share of the velocity that is kept.</param>
/// <param name="isNesterov">Whether to look one step ahead.</param>
internal sealed unsafe class SgdPass(float momentum, bool isNesterov)
{
    private const int ChunkValues = 1 << 16;

    private readonly List<Chunk> _chunks = [];
    private readonly List<Tensor> _held = [];

    /// <summary>Adds a parameter.</summary>
    /// <param name="weights">The parameter.</param>
    /// <param name="gradient">Of the same shape.</param>
    /// <param name="velocity">Of the same shape.</param>
    /// <param name="decay">Pull towards zero.</param>
    /// <param name="rate">Learning rate.</param>
    /// <returns>False, and nothing is added, where one of them is not float32 on the CPU, or lies otherwise in memory than the others.</returns>
    public bool TryAdd(Tensor weights, Tensor gradient, Tensor velocity, float decay, float rate)
    {
        if (!IsPlain(weights) || !IsPlain(gradient) || !IsPlain(velocity))
            return false;
        float* ofWeights = (float*)ChannelsLast.Address(weights), ofGradient = (float*)ChannelsLast.Address(gradient), ofVelocity = (float*)ChannelsLast.Address(velocity);
        for (long start = 0, count = weights.numel(); start < count; start += ChunkValues)
            _chunks.Add(new Chunk(ofWeights + start, ofGradient + start, ofVelocity + start, (int)Math.Min(ChunkValues, count - start), decay, rate));
        _held.AddRange([weights, gradient, velocity]);
        return true;
    }

    /// <summary>Updates all of them.</summary>
    public void Run()
    {
        TorchThreads.ForEach(_chunks.Count, i => Update(_chunks[i]));
        GC.KeepAlive(_held);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Update(Chunk chunk)
    {
        float* weights = chunk.Weights, gradients = chunk.Gradient, velocities = chunk.Velocity;
        Vector<float> kept = new(momentum), decay = new(chunk.Decay), rate = new(-chunk.Rate);
        int i = 0;
        for (; i <= chunk.Count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> w = Vector.Load(weights + i), g = Vector.FusedMultiplyAdd(decay, w, Vector.Load(gradients + i));
            Vector<float> v = Vector.FusedMultiplyAdd(kept, Vector.Load(velocities + i), g);
            Vector.Store(v, velocities + i);
            Vector.Store(Vector.FusedMultiplyAdd(rate, isNesterov ? Vector.FusedMultiplyAdd(kept, v, g) : v, w), weights + i);
        }
        for (; i < chunk.Count; i++)
        {
            float g = MathF.FusedMultiplyAdd(chunk.Decay, weights[i], gradients[i]);
            float v = velocities[i] = MathF.FusedMultiplyAdd(momentum, velocities[i], g);
            weights[i] = MathF.FusedMultiplyAdd(-chunk.Rate, isNesterov ? MathF.FusedMultiplyAdd(momentum, v, g) : v, weights[i]);
        }
    }

    private static bool IsPlain(Tensor values) => values is { device_type: DeviceType.CPU, dtype: ScalarType.Float32 } && ChannelsLast.IsDense(values);

    private readonly struct Chunk(float* weights, float* gradient, float* velocity, int count, float decay, float rate)
    {
        public readonly float* Weights = weights, Gradient = gradient, Velocity = velocity;
        public readonly int Count = count;
        public readonly float Decay = decay, Rate = rate;
    }
}
