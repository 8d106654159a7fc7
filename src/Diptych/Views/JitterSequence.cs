using System.Collections;
using System.Runtime.CompilerServices;

namespace Diptych.Views;

/// <summary>The colour changes of one view in the order applied, each kind at most once; held in place, so that drawing a view takes no memory.</summary>
[CollectionBuilder(typeof(JitterSequence), nameof(Of))]
public readonly struct JitterSequence : IReadOnlyList<JitterStep>, IEquatable<JitterSequence>
{
    private readonly Steps _steps;

    private JitterSequence(ReadOnlySpan<JitterStep> steps)
    {
        steps.CopyTo(_steps);
        Count = steps.Length;
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public JitterStep this[int index] => index >= 0 && index < Count ? _steps[index] : throw new ArgumentOutOfRangeException(nameof(index), index, $"There are {Count} steps.");

    /// <summary>These steps, in this order.</summary>
    /// <param name="steps">At most one of each kind, so at most four.</param>
    /// <exception cref="ArgumentException">There are more than four.</exception>
    public static JitterSequence Of(ReadOnlySpan<JitterStep> steps) => steps.Length <= Steps.Length
        ? new(steps)
        : throw new ArgumentException($"A view has at most {Steps.Length} colour changes, one of each kind, but there are {steps.Length}.", nameof(steps));

    /// <summary>Goes through the steps without taking memory.</summary>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<JitterStep> IEnumerable<JitterStep>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(JitterSequence other) => Count == other.Count && ((ReadOnlySpan<JitterStep>)_steps)[..Count].SequenceEqual(((ReadOnlySpan<JitterStep>)other._steps)[..Count]);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is JitterSequence other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Count, Count > 0 ? _steps[0] : default);

    /// <summary>Equality by value.</summary>
    public static bool operator ==(JitterSequence left, JitterSequence right) => left.Equals(right);

    /// <summary>Inequality by value.</summary>
    public static bool operator !=(JitterSequence left, JitterSequence right) => !left.Equals(right);

    /// <summary>A place in the sequence.</summary>
    public struct Enumerator : IEnumerator<JitterStep>
    {
        private readonly JitterSequence _sequence;
        private int _next;

        internal Enumerator(JitterSequence sequence) => _sequence = sequence;

        /// <inheritdoc/>
        public readonly JitterStep Current => _sequence[_next - 1];

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc/>
        public bool MoveNext() => ++_next <= _sequence.Count;

        /// <inheritdoc/>
        public void Reset() => _next = 0;

        /// <inheritdoc/>
        public readonly void Dispose() { }
    }

    [InlineArray(Length)]
    private struct Steps
    {
        public const int Length = 4;
        private JitterStep _first;
    }
}
