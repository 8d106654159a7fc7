namespace Diptych.Data;

/// <summary>Chosen images of another source, in a chosen order: a held-out part, a few labels a class, the readable ones.</summary>
public sealed class ImageSubset : IImageSource
{
    private readonly IImageSource _source;
    private readonly int[] _indices;
    private readonly bool _ownsSource;

    /// <summary>Chooses images by index.</summary>
    /// <param name="source">Where the images are.</param>
    /// <param name="indices">At least one index of <paramref name="source"/>; image i here is image <c>indices[i]</c> there.</param>
    /// <param name="ownsSource">Whether disposing this disposes <paramref name="source"/>; false by default.</param>
    /// <exception cref="ArgumentException">No index, an index twice, or one outside the source.</exception>
    public ImageSubset(IImageSource source, IEnumerable<int> indices, bool ownsSource = false)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(indices);
        (_source, _indices, _ownsSource) = (source, indices.ToArray(), ownsSource);
        if (_indices.Length == 0)
            throw new ArgumentException("A subset needs at least one image.", nameof(indices));
        var seen = new HashSet<int>(_indices.Length);
        foreach (int index in _indices)
            if (index < 0 || index >= source.Count)
                throw new ArgumentException($"Index {index} lies outside the source's {source.Count:N0} images.", nameof(indices));
            else if (!seen.Add(index))
                throw new ArgumentException($"Index {index} occurs twice; the names of a source are unique.", nameof(indices));
    }

    /// <inheritdoc/>
    public string Description => $"{_source.Description} ({Count:N0} of {_source.Count:N0})";

    /// <inheritdoc/>
    public int Count => _indices.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string>? LabelNames => _source.LabelNames;

    /// <inheritdoc/>
    public string? WhyUnlabelled => _source.WhyUnlabelled;

    /// <inheritdoc/>
    public string? LeftOut => _source.LeftOut;

    /// <inheritdoc/>
    public bool AppliesOrientation => _source.AppliesOrientation;

    /// <inheritdoc/>
    public string? StoredAs => _source.StoredAs;

    /// <inheritdoc/>
    public string GetName(int index) => _source.GetName(_indices[index]);

    /// <inheritdoc/>
    public int GetLabel(int index) => _source.GetLabel(_indices[index]);

    /// <inheritdoc/>
    public void Decode(int index, ImageBuffer destination) => Decode(index, destination, null);

    void IImageSource.Decode(int index, ImageBuffer destination, IRegionChoice needed) => Decode(index, destination, needed);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsSource)
            _source.Dispose();
    }

    private void Decode(int index, ImageBuffer destination, IRegionChoice? needed)
    {
        try
        {
            if (needed is null)
                _source.Decode(_indices[index], destination);
            else
                _source.Decode(_indices[index], destination, needed);
        }
        catch (UnreadableImageException fault)
        {
            throw new UnreadableImageException(fault.Name, index, Count, fault.Reason, fault.Advice, fault);
        }
    }
}
