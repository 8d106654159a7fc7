using Diptych.Losses;
using static TorchSharp.torch;

namespace Diptych.Tests.Losses;

public sealed class LossMessageTests
{
    private static readonly ContrastiveLoss Loss = ContrastiveLoss.Decoupled(0.1);

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-1, "-1")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void A_temperature_must_be_above_0(double temperature, string text)
    {
        foreach (string name in ContrastiveLoss.Names)
            AssertRefused($"The temperature must be a finite number above 0, but it is {text}.", () => ContrastiveLoss.Create(name, temperature));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(double.NaN, "NaN")]
    public void A_sigma_must_be_above_0(double sigma, string text) =>
        AssertRefused($"The sigma must be a finite number above 0, but it is {text}.", () => ContrastiveLoss.DecoupledWeighted(0.1, sigma));

    [Fact]
    public void All_mistakes_in_the_options_are_named_at_once() => AssertRefused(
        """
        The temperature must be a finite number above 0, but it is -0.1.
        The sigma must be a finite number above 0, but it is -2.
        """, () => ContrastiveLoss.DecoupledWeighted(-0.1, -2));

    [Fact]
    public void An_unknown_name_is_answered_with_the_known_ones() =>
        AssertRefused("Unknown loss 'dlc'. Known losses: infonce, dcl, dclw. Did you mean 'dcl'?", () => ContrastiveLoss.Create("dlc", 0.1));

    [Fact]
    public void Both_views_need_one_shape()
    {
        AssertRefused("Both views need the same [images, dimensions] shape, but they are [4, 8] and [4, 9].", () => Loss.TwoViews(ones(4, 8), ones(4, 9)));
        AssertRefused("Both views need the same [images, dimensions] shape, but they are [4, 8] and [3, 8].", () => Loss.TwoViews(ones(4, 8), ones(3, 8)));
        const string others = "Anchors and positives need the same [images, dimensions] shape, but they are [4, 8] and [4, 9].";
        AssertRefused(others, () => Loss.CrossView(ones(4, 8), ones(4, 9)));
        AssertRefused(others, () => Loss.WithQueue(ones(4, 8), ones(4, 9), ones(4, 8)));
    }

    [Fact]
    public void One_image_has_no_negatives()
    {
        const string message = "A batch of one image has no negatives: give at least two images.";
        AssertRefused(message, () => Loss.TwoViews(ones(1, 8), ones(1, 8)));
        AssertRefused(message, () => Loss.CrossView(ones(1, 8), ones(1, 8)));
    }

    [Fact]
    public void An_empty_batch_is_refused()
    {
        AssertRefused("The batch is empty: its shape is [0, 8].", () => Loss.TwoViews(ones(0, 8), ones(0, 8)));
        AssertRefused("The batch is empty: its shape is [0, 8].", () => Loss.WithQueue(ones(0, 8), ones(0, 8), ones(4, 8)));
    }

    [Fact]
    public void Embeddings_are_rows_of_floating_point_numbers_and_all_mistakes_are_named_at_once()
    {
        AssertRefused("Embeddings need the shape [images, dimensions], but that of the second view is [4].", () => Loss.TwoViews(ones(4, 8), ones(4)));
        AssertRefused("Embeddings need the shape [images, dimensions], but that of the queue is [4, 8, 1].", () => Loss.WithQueue(ones(4, 8), ones(4, 8), ones(4, 8, 1)));
        AssertRefused(
            """
            Embeddings need the shape [images, dimensions], but that of the anchors is [4, 0].
            Embeddings need a floating-point type, but that of the positives is Int64.
            """, () => Loss.CrossView(ones(4, 0), ones(4, 8, dtype: ScalarType.Int64)));
    }

    [Fact]
    public void A_queue_must_hold_embeddings_of_the_anchors_size()
    {
        AssertRefused("The queue needs 8 dimensions like the anchors, but its shape is [6, 9].", () => Loss.WithQueue(ones(4, 8), ones(4, 8), ones(6, 9)));
        AssertRefused("The pair (4, 0) is left out, but there are 4 anchors and 4 embeddings in the queue.", () => Loss.WithQueue(ones(4, 8), ones(4, 8), ones(4, 8), [(0, 0), (4, 0)]));
        AssertRefused("Every embedding in the queue (2) is left out for anchor 1: without negatives there is no loss. Use a longer queue.", () => Loss.WithQueue(ones(4, 8), ones(4, 8), ones(2, 8), [(1, 0), (1, 1)]));
        AssertRefused("The queue is empty: without negatives there is no loss. Fill it before the first step.", () => Loss.WithQueue(ones(4, 8), ones(4, 8), ones(0, 8)));
    }

    [Fact]
    public void A_zero_row_is_named_by_view_and_number()
    {
        const string rest = "Check the encoder's last layers and the images.";
        AssertRefused($"Zero rows in the second view, which point nowhere: row 3 of 4. {rest}", () => Loss.TwoViews(ones(4, 8), With(0, 3)));
        AssertRefused($"Zero rows in the queue, which point nowhere: row 1, 4 of 4. {rest}", () => Loss.WithQueue(ones(4, 8), ones(4, 8), With(0, 1, 4)));
        AssertRefused($"Zero rows in the anchors, which point nowhere: row 2 of 4. {rest}", () => Loss.CrossView(With(0, 2), ones(4, 8)));
        AssertRefused($"Zero rows in the first view, which point nowhere: row 1, 2, 3, 4, 5 and 2 more of 7. {rest}", () => Loss.TwoViews(zeros(7, 8), ones(7, 8)));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void A_row_that_is_not_finite_is_named_by_view_and_number(double value)
    {
        const string rest = "Lower the learning rate, or check the images.";
        AssertRefused($"NaN or infinite values in the first view: row 4 of 4. {rest}", () => Loss.TwoViews(WithOne(value, 4), ones(4, 8)));
        AssertRefused(
            $"""
            Zero rows in the anchors, which point nowhere: row 2 of 4. Check the encoder's last layers and the images.
            NaN or infinite values in the positives: row 1 of 4. {rest}
            """, () => Loss.WithQueue(With(0, 2), WithOne(value, 1), ones(4, 8)));
    }

    [Fact]
    public void A_value_that_a_half_type_cannot_hold_is_refused_like_any_infinity()
    {
        using var scope = NewDisposeScope();
        Tensor half = (ones(4, 8) * 70_000).to(ScalarType.Float16);
        Assert.Contains("NaN or infinite", Assert.Throws<ArgumentException>(() => Loss.TwoViews(half, half)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Away_from_the_cpu_bad_rows_are_named_when_a_diagnostic_is_read()
    {
        using var scope = NewDisposeScope();
        Tensor good = ones(4, 8);
        // What the loss does with tensors of another device: keep the check for later.
        UnitRows bad = UnitRows.Of("second view", With(0, 3), ScalarType.Float32);
        LossValue value = Loss.TwoViewsOfUnitRows(cat([good, bad.Rows], dim: 0), notYetChecked: [bad]);
        AssertRefused("Zero rows in the second view, which point nowhere: row 3 of 4. Check the encoder's last layers and the images.", () => value.Diagnostics.Alignment);
    }

    private static Tensor With(double value, params int[] numbers)
    {
        Tensor rows = ones(4, 8);
        foreach (int number in numbers)
            rows[number - 1].fill_(value);
        return rows;
    }

    private static Tensor WithOne(double value, int number)
    {
        Tensor rows = ones(4, 8);
        rows[number - 1, 5] = value;
        return rows;
    }

    private static void AssertRefused(string message, Func<object> call)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(message.ReplaceLineEndings(), Assert.Throws<ArgumentException>(call).Message);
    }
}
