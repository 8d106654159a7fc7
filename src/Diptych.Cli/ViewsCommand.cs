using System.CommandLine;
using Diptych.Checkpoints;
using Diptych.Data;
using Diptych.Views;

namespace Diptych.Cli;

/// <summary><c>diptych views</c>: see what the network will see.</summary>
internal sealed class ViewsCommand : ToolCommand
{
    private const int MaximumRows = 8;

    private readonly Argument<string> _images = new("IMAGES") { Description = "Any image set that pretrain takes." };
    private readonly Option<string> _views = new("--views") { Description = "The view recipe: cifar, imagenet or satellite [cifar]" };
    private readonly Option<int> _imageSize = new("--image-size") { Description = "Side of a view in pixels [the recipe's own]" };
    private readonly Option<int> _count = new("--count") { Description = "Views of each image [8]" };
    private readonly Option<long> _seed = new("--seed") { Description = "Where the randomness starts [1]" };
    private readonly Option<bool> _exifOrientation = new("--exif-orientation") { Description = "Turn photographs as their EXIF orientation says" };
    private readonly Option<string> _out = new("--out") { Description = "The PNG file to write [views.png]" };

    public ViewsCommand() : base("views", "Draw a contact sheet of augmented views.")
    {
        Arguments.Add(_images);
        foreach (Option option in new Option[] { _views, _imageSize, _count, _seed, _exifOrientation, _out })
            Options.Add(option);
    }

    public override IReadOnlyList<string> Examples { get; } = ["diptych views samples/eurosat/train.tar --views satellite --out views.png"];

    public override IEnumerable<string> FindMistakes(ParseResult parse)
    {
        int count = Value(parse, _count, 8);
        if (count is < 1 or > 64)
            yield return $"--count must be from 1 to 64, but it is {count}.";
        foreach (string mistake in MistakesOf(() => Recipe(parse)))
            yield return mistake;
    }

    public override int Run(ParseResult parse)
    {
        using IImageSource source = ImageSource.Open(parse.GetValue(_images)!, parse.GetValue(_exifOrientation));
        long seed = Value(parse, _seed, 1);
        int[] chosen = SampleOrder.ForEpoch(seed, 0, source.Count).Take(MaximumRows).ToArray();
        byte[] png = ContactSheet.Draw(source, Recipe(parse), chosen, Value(parse, _count, 8), seed);
        string path = Value(parse, _out, "views.png");
        try
        {
            AtomicFile.Write(path, stream => stream.Write(png));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be written: {exception.Message} Choose another --out.", exception);
        }
        Console.Error.WriteLine($"{path}: {chosen.Length} images, each whole and then in {Value(parse, _count, 8)} views.");
        return Tool.Done;
    }

    private ViewRecipe Recipe(ParseResult parse) =>
        ViewRecipe.Named(Value(parse, _views, "cifar"), IsGiven(parse, _imageSize) ? parse.GetValue(_imageSize) : null);
}
