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
    private readonly Option<string> _recipe = new("--recipe", "--views") { Description = $"The view recipe: {string.Join(", ", ViewRecipe.KnownNames)}, or a JSON file of one's own [cifar]" };
    private readonly Option<int> _imageSize = new("--image-size") { Description = "Side of a view in pixels [the recipe's own]" };
    private readonly Option<int> _count = new("--count") { Description = "Views of each image [8]" };
    private readonly Option<long> _seed = new("--seed") { Description = "Where the randomness starts [1]" };
    private readonly Option<bool> _exifOrientation = ReadableImages.OrientationOption();
    private readonly Option<bool> _skipUnreadable = ReadableImages.SkipOption();
    private readonly Option<string> _out = new("--out") { Description = "A contact sheet to write (.png), or a folder for every view and views.json [views.png]" };

    public ViewsCommand() : base("views", "See augmented views: a contact sheet, or each as a file with all that was drawn for it.")
    {
        Arguments.Add(_images);
        foreach (Option option in new Option[] { _recipe, _imageSize, _count, _seed, _exifOrientation, _skipUnreadable, _out })
            Options.Add(option);
    }

    public override IReadOnlyList<string> Examples { get; } = 
    [
        "diptych views samples/eurosat/train.tar --recipe satellite --out views.png",
        "diptych views photo.jpg --recipe imagenet --count 8 --seed 1 --out views",
    ];

    public override IEnumerable<string> FindMistakes(ParseResult parse)
    {
        int count = Value(parse, _count, 8);
        if (count is < 1 or > 64)
            yield return $"--count must be from 1 to 64, but it is {count}.";
        if (Path.GetExtension(Value(parse, _out, "").ToLowerInvariant()) is ".jpg" or ".jpeg" or ".webp" or ".bmp")
            yield return $"--out is {parse.GetValue(_out)}, but a contact sheet is a .png file. Any other name is that of a folder for views.";
        foreach (string mistake in MistakesOf(() => Recipe(parse)))
            yield return mistake;
    }

    public override int Run(ParseResult parse)
    {
        string path = Value(parse, _out, "views.png");
        WrittenPath.MustBeOutside(path, parse.GetValue(_images)!);
        using IImageSource source = ReadableImages.Open(parse.GetValue(_images)!, parse.GetValue(_exifOrientation), parse.GetValue(_skipUnreadable));
        long seed = Value(parse, _seed, 1);
        int[] chosen = SampleOrder.ForEpoch(seed, 0, source.Count).Take(MaximumRows).ToArray();
        int count = Value(parse, _count, 8);
        bool isSheet = Path.GetExtension(path).Equals(".png", StringComparison.OrdinalIgnoreCase);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            if (isSheet)
                AtomicFile.Write(path, stream => stream.Write(ContactSheet.Draw(source, Recipe(parse), chosen, count, seed)));
            else
                ViewFolder.Write(path, source, Recipe(parse), chosen, count, seed);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be written: {exception.Message} Choose another --out.", exception);
        }
        Console.Error.WriteLine(isSheet
            ? $"{path}: {chosen.Length} images, each whole and then in {count} views."
            : $"{path}: {chosen.Length * count} views, and views.json with all that was drawn for them.");
        return Tool.Done;
    }

    private ViewRecipe Recipe(ParseResult parse) =>
        ViewRecipe.Named(Value(parse, _recipe, "cifar"), IsGiven(parse, _imageSize) ? parse.GetValue(_imageSize) : null);
}
