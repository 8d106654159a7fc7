using System.Text.Json;
using System.Text.Json.Serialization;

namespace Diptych.Views;

/// <summary>One number a channel, in units of the full range (1 = 255). In JSON <c>[red, green, blue]</c>, or one number for all: <c>[0.5]</c>.</summary>
/// <param name="Red">The red channel's, or the only channel's.</param>
/// <param name="Green">The green channel's.</param>
/// <param name="Blue">The blue channel's.</param>
[JsonConverter(typeof(JsonList))]
public readonly record struct Rgb(float Red, float Green, float Blue)
{
    /// <summary>Channel 0 is red, 1 green, 2 blue.</summary>
    public float this[int channel] => channel switch { 0 => Red, 1 => Green, 2 => Blue, _ => throw new ArgumentOutOfRangeException(nameof(channel)) };

    internal sealed class JsonList : JsonConverter<Rgb>
    {
        public override Rgb Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<float[]>(ref reader, options) switch
            {
                [var all] => new(all, all, all),
                [var red, var green, var blue] => new(red, green, blue),
                _ => throw new JsonException("Expected a list of three numbers, or of one."),
            };

        public override void Write(Utf8JsonWriter writer, Rgb value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, (float[])[value.Red, value.Green, value.Blue], options);
    }
}
