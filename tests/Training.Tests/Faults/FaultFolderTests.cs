using Bam.Training.Faults;

namespace Bam.Training.Tests.Faults;

public sealed class FaultFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _done = [];
    private readonly FaultFolder _faults;

    public FaultFolderTests() => _faults = Open();

    /// <summary>Every point by the word that the project agreed on.</summary>
    public static TheoryData<string, FaultPoint> Points => new()
    {
        { "prepare", FaultPoint.Prepare },
        { "step", FaultPoint.Step },
        { "save-staged", FaultPoint.SaveStaged },
        { "save-weights", FaultPoint.SaveWeights },
        { "save-optimizer", FaultPoint.SaveOptimizer },
        { "save-manifest", FaultPoint.SaveManifest },
        { "save-published", FaultPoint.SavePublished },
        { "save-pruned", FaultPoint.SavePruned },
        { "evaluate", FaultPoint.Evaluate },
        { "gather", FaultPoint.Gather },
        { "mix", FaultPoint.Mix },
        { "mixed", FaultPoint.Mixed },
    };

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Points))]
    public void A_fault_happens_where_it_was_ordered_and_nowhere_else(string word, FaultPoint point)
    {
        Order($"fail@{word}@law@3");

        foreach (var other in Enum.GetValues<FaultPoint>().Where(other => other != point))
            _faults.At(other, "law", 3);
        _faults.At(point, "code", 3);
        _faults.At(point, "law", 2);
        if (!word.StartsWith("save-", StringComparison.Ordinal))
            _faults.At(point, "law", 30);

        Assert.Throws<InvalidOperationException>(() => _faults.At(point, "law", 3));
    }

    [Fact]
    public void An_order_for_a_save_is_for_the_first_one_from_its_step_on()
    {
        Order("slow@save-weights@law@20");

        _faults.At(FaultPoint.SaveWeights, "law", 19);
        Assert.Empty(_done);
        _faults.At(FaultPoint.SaveWeights, "law", 23);
        _faults.At(FaultPoint.SaveWeights, "law", 40);

        Assert.Equal(["block 2"], _done);
    }

    [Fact]
    public void An_empty_order_is_carried_out_once_and_renamed()
    {
        Order("slow@step@*@*");

        _faults.At(FaultPoint.Step, "law", 7);
        _faults.At(FaultPoint.Step, "law", 8);

        Assert.Equal(["block 2"], _done);
        Assert.Equal(["slow@step@*@*.fired"], Names);
    }

    [Fact]
    public void An_order_that_says_always_is_carried_out_each_time()
    {
        Order("slow@step@*@*", "always\n");

        _faults.At(FaultPoint.Step, "law", 7);
        _faults.At(FaultPoint.Step, "code", 8);

        Assert.Equal(["block 2", "block 2"], _done);
    }

    [Fact]
    public void Of_many_at_once_one_carries_out_an_order()
    {
        for (var i = 0; i < 50; i++)
            Order($"slow@step@law@{i}");

        Parallel.For(0, 400, i => Open().At(FaultPoint.Step, "law", i % 50));

        Assert.Equal(50, _done.Count);
    }

    [Fact]
    public void Each_action_does_what_its_word_says()
    {
        Order("die@prepare@a@0");
        Order("hang@prepare@b@0");
        Order("nospace@prepare@c@0");

        _faults.At(FaultPoint.Prepare, "a", 0);
        Assert.Equal("die", _done[0]);
        _faults.At(FaultPoint.Prepare, "b", 0);
        Assert.Equal("block 3600", _done[^1]);
        Assert.Equal("No space left on device", Assert.Throws<IOException>(() => _faults.At(FaultPoint.Prepare, "c", 0)).Message);
    }

    [Fact]
    public void A_poisoned_step_is_asked_for_and_is_no_event_of_the_step()
    {
        Order("nan@step@law@4");

        _faults.At(FaultPoint.Step, "law", 4);

        Assert.False(_faults.Poisons("law", 3));
        Assert.False(_faults.Poisons("code", 4));
        Assert.True(_faults.Poisons("law", 4));
        Assert.False(_faults.Poisons("law", 4));
    }

    [Fact]
    public void Two_orders_for_one_place_are_carried_out_one_by_one()
    {
        Order("fail@step@law@4");
        Order("nospace@step@law@4");

        Assert.NotNull(Record.Exception(() => _faults.At(FaultPoint.Step, "law", 4)));
        Assert.NotNull(Record.Exception(() => _faults.At(FaultPoint.Step, "law", 4)));
        _faults.At(FaultPoint.Step, "law", 4);
    }

    [Theory]
    [InlineData("die")]
    [InlineData("die@stop@law@3")]
    [InlineData("kill@step@law@3")]
    [InlineData("die@step@@3")]
    [InlineData("die@step@law@-3")]
    [InlineData("nan@save-weights@law@3")]
    public void What_is_no_order_is_named(string name)
    {
        Order(name);

        var failure = Assert.Throws<InvalidDataException>(() => _faults.At(FaultPoint.Step, "law", 3));

        Assert.StartsWith($"{_folder.At(name)}: not an order; name it ACTION@POINT@MEMBER@STEP", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_missing_orders_nothing() =>
        new FaultFolder(_folder.At("missing")).At(FaultPoint.Step, "law", 3);

    [Fact]
    public void A_name_that_begins_with_a_dot_is_not_read_yet() => Assert.Null(Record.Exception(() =>
    {
        Order(".fail@step@law@3", "always");
        _faults.At(FaultPoint.Step, "law", 3);
    }));

    private IEnumerable<string?> Names => Directory.EnumerateFiles(_folder).Select(Path.GetFileName);

    private FaultFolder Open() => new(_folder, () => Note("die"), time => Note($"block {time.TotalSeconds:0}"), () => Note("freeze"));

    private void Note(string what)
    {
        lock (_done)
            _done.Add(what);
    }

    private void Order(string name, string content = "") => File.WriteAllText(_folder.At(name), content);
}
