using Diptych.Losses;
using Diptych.Training;

namespace Diptych.Tests.Training;

public sealed class PretrainOptionsTests
{
    [Fact]
    public void Settings_come_back_from_their_file()
    {
        using var folder = new TemporaryFolder();
        var options = new PretrainOptions { Images = "photos", Loss = "dclw", LearningRate = 0.3, ImageSize = 48, Seed = long.MaxValue };
        File.WriteAllText(folder.File("recipe.json"), options.ToJson());
        Assert.Equal(options, Recipe.Read(folder.File("recipe.json")).Options);
        Assert.Contains("\"warmup-epochs\": 1", options.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void All_mistakes_are_told_at_once()
    {
        var options = new PretrainOptions { Method = "simcrl", Loss = "dlc", Encoder = "resnet19", Width = 0, Views = "cifra", Epochs = 0, Batch = 1, LearningRate = -1, WeightDecay = double.NaN, WarmupEpochs = 3, Workers = 0, Threads = 0, CheckpointEvery = 0 };
        string[] lines = Assert.Throws<InvalidInputException>(options.Validate).Message.Split(Environment.NewLine);
        Assert.Equal(13, lines.Length);
        Assert.Contains("Unknown method 'simcrl'. Known methods: simclr, moco, nnclr. Did you mean 'simclr'?", lines);
        Assert.Contains("Unknown loss 'dlc'. Known losses: infonce, dcl, dclw. Did you mean 'dcl'?", lines);
        Assert.Contains("Unknown encoder 'resnet19'. Known encoders: resnet18, resnet34, resnet50, resnet101, wide_resnet50_2, resnet10. Did you mean 'resnet18'?", lines);
        Assert.Contains("--batch must be at least 2, since the negatives of an image are the other images of its batch, but it is 1.", lines);
    }

    [Fact]
    public void Mistakes_in_what_few_runs_need_are_told_too()
    {
        var options = new PretrainOptions { Queue = 0, Momentum = 1.5, SupportSet = 0, ProjectorHidden = 0, EmbeddingSize = 1, TemperatureEnd = 0, TemperatureSchedule = "linaer", Chunk = 3, Accumulate = 0, Optimizer = "larz", Nesterov = true, LearningRateScaling = "sqrt", Schedule = "cosin", ClipGradient = 0 };
        string[] lines = Assert.Throws<InvalidInputException>(options.Validate).Message.Split(Environment.NewLine);
        Assert.Equal(14, lines.Length);
        Assert.Contains("Unknown optimizer 'larz'. Known optimizers: sgd, lars, adamw. Did you mean 'lars'?", lines);
        Assert.Contains("Unknown schedule 'cosin'. Known schedules: cosine, step, constant. Did you mean 'cosine'?", lines);
    }

    [Fact]
    public void Options_of_the_loss_reach_it_and_their_mistakes_are_told()
    {
        ContrastiveLoss loss = new PretrainOptions { Loss = "dclw", Sigma = 0.4, InfonceShare = 0.3, FalseNegativeShare = 0.1, Hardness = 0.5, SimilarityCeiling = 0.9 }.CreateLoss();
        Assert.Equal(ContrastiveLoss.DecoupledWeighted(0.1, 0.4) with { InfoNceShare = 0.3, FalseNegativeShare = 0.1, Hardness = 0.5, SimilarityCeiling = 0.9 }, loss);

        string message = Assert.Throws<InvalidInputException>((new PretrainOptions { InfonceShare = 2, FalseNegativeShare = 1, Hardness = double.NaN, SimilarityCeiling = 1 }).Validate).Message;
        Assert.Equal(
            [
                "--infonce-share must be from 0 to 1, but it is 2.", "--false-negative-share must be at least 0 and below 1, but it is 1.",
                "--hardness must be 0 or more, but it is NaN.", "--similarity-ceiling must be above -1 and below 1, but it is 1.",
            ], message.Split(Environment.NewLine));
        Assert.Equal("--supervised belongs to simclr, but the method is moco. Leave it out, or use --method simclr.", Assert.Throws<InvalidInputException>((new PretrainOptions { Method = "moco", Supervised = true }).Validate).Message);
        Assert.Equal("--deterministic computes with one thread, but --threads is 2. Leave one of them out.", Assert.Throws<InvalidInputException>((new PretrainOptions { Deterministic = true, Threads = 2 }).Validate).Message);
        Assert.Contains("but the loss is infonce", Assert.Throws<InvalidInputException>((new PretrainOptions { Loss = "infonce", InfonceShare = 0.5 }).Validate).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    public void A_temperature_that_is_not_above_zero_is_refused(double temperature) =>
        Assert.Contains("temperature", Assert.Throws<InvalidInputException>((new PretrainOptions { Temperature = temperature }).Validate).Message, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void Differences_name_the_settings_that_change_the_result_and_no_others()
    {
        var one = new PretrainOptions { Images = "a", Temperature = 0.1 };
        PretrainOptions other = one with { Temperature = 0.2, Workers = 4, Threads = 1, CheckpointEvery = 9, KeepLast = 5, KeepEvery = 18 };
        Assert.Equal(["--temperature is 0.1 here and 0.2 there"], one.DifferencesFrom(other));
        Assert.Empty(one.DifferencesFrom(one with { Workers = 2 }));
    }
}
