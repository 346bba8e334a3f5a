using Bam.Training.Model;
using Bam.Training.Tests.Model;
using static Bam.Training.Tests.Paper.Float64Models;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Paper;

/// <summary>F7: no token knows what comes after it, nor who shares its batch; a cache changes nothing (docs/paper.md).</summary>
public sealed class CausalityTests : IDisposable
{
    private const int Time = 8;

    private readonly Float64Models _models = new();

    public static TheoryData<string> Kinds => [.. KindNames, "dense"];

    public void Dispose() => _models.Dispose();

    [Theory, MemberData(nameof(Kinds))]
    public void F7_logits_have_no_gradient_at_all_in_later_tokens(string kind)
    {
        var parameters = _models.Random(Config(kind) with { Tied = false });
        var model = _models.Model(parameters);
        long[] ids = [.. Enumerable.Range(5, Time)];                           // a token of its own at every place
        for (var t = 1; t < Time; t++)
        {
            parameters["embed.weight"].grad = null;
            model.Forward(Tokens([ids])).narrow(1, 0, t).sum().backward();

            var gradient = parameters["embed.weight"].grad!.abs().sum(1);      // [V]
            Assert.All(ids[t..], later => Assert.Equal(0.0, gradient[later].item<double>()));
            Assert.All(ids[..t], earlier => Assert.NotEqual(0.0, gradient[earlier].item<double>()));
        }
    }

    /// <summary>
    /// Bit by bit where every expert sees every token. Where tokens are sorted by expert, another token at t may go to another expert: the
    /// products before and after it then have other shapes, and a sum another order.
    /// </summary>
    [Theory, MemberData(nameof(Kinds))]
    public void F7_a_changed_token_changes_no_logits_before_it(string kind)
    {
        var parameters = _models.Random(Config(kind));
        var before = _models.Logits(parameters, [_models.Ids[0]]);
        var exact = parameters.Config.FfnTopK == parameters.Config.Experts || parameters.Config.Experts == 0;
        for (var t = 1; t < _models.Ids[0].Length; t++)
        {
            var changed = (long[])_models.Ids[0].Clone();
            changed[t] = (changed[t] + 1) % parameters.Config.Vocab;

            var after = _models.Logits(parameters, [changed]);

            AssertClose(before.narrow(1, 0, t), after.narrow(1, 0, t), exact ? 0.0 : 1e-13);
            AssertDiffers(before.select(1, t), after.select(1, t), 1e-6);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void F7_a_rows_logits_do_not_depend_on_its_batch(string kind)
    {
        var parameters = _models.Random(Config(kind));
        var rows = TransformerTests.Ids(3, seed: 12);

        var together = _models.Logits(parameters, rows);

        for (var row = 0; row < rows.Length; row++)
            AssertClose(_models.Logits(parameters, [rows[row]])[0], together[row], 1e-13);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void F7_a_prompt_and_then_the_rest_with_a_cache_are_the_whole_at_every_split(string kind)
    {
        var parameters = _models.Random(Config(kind));
        var time = _models.Ids[0].Length;
        for (var split = 1; split < time; split++)
        {
            AssertReads(parameters, [split, time - split]);                                                  // the rest at once
            AssertReads(parameters, [split, .. Enumerable.Repeat(1, time - split)]);                         // one by one
        }

        AssertReads(parameters, [3, 3, 3, time - 9]);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void F7_prompts_of_different_lengths_padded_on_the_left_go_on_as_each_alone(string kind)
    {
        var parameters = _models.Random(Config(kind));
        var model = _models.Model(parameters);
        int[] lengths = [3, 8, 5];
        var rows = TransformerTests.Ids(3, seed: 13);                          // 11 tokens: a prompt, and what is read one by one after it
        long[] padding = [.. lengths.Select(length => (long)(lengths.Max() - length))];
        const int After = 3;
        using var quiet = no_grad();
        using var cache = new KvCache(parameters, 3, lengths.Max() + After);

        long[][] prompts = [.. rows.Select((row, i) => Enumerable.Repeat(60L, (int)padding[i]).Concat(row[..lengths[i]]).ToArray())];
        List<Tensor> found = [model.Forward(Tokens(prompts), cache, padding)];
        for (var step = 0; step < After; step++)
            found.Add(model.Forward(Tokens([.. rows.Select((row, i) => new[] { row[lengths[i] + step] })]), cache, padding));

        var all = cat(found, 1);
        for (var i = 0; i < 3; i++)
        {
            var alone = _models.Logits(parameters, [rows[i][..(lengths[i] + After)]])[0];
            AssertClose(alone, all[i].narrow(0, padding[i], lengths[i] + After), 1e-12);
        }
    }

    [Fact]
    public void F7_a_cache_keeps_n_sets_of_keys_and_values_a_layer_with_kv_experts_and_one_with_kv_sharing()
    {
        long layers = Shapes.Dense.Layers, one = 2L * Shapes.Dense.KvHeads * Shapes.Dense.HeadWidth;
        long Values(ModelConfig config)
        {
            using var cache = new KvCache(_models.Random(config), 1, 4);
            return cache.ValuesPerToken;
        }

        Assert.Equal(layers * one, Values(Shapes.Dense));
        Assert.Equal(layers * 5 * one, Values(Shapes.Mixture(KvExperts, experts: 5)));
        Assert.Equal(layers * one, Values(Shapes.Mixture(KvShared, experts: 5)));
        Assert.Equal(layers * one, Values(Shapes.Mixture(Btx, experts: 5)));
    }

    private static ModelConfig Config(string kind) => kind == "dense" ? Shapes.Dense : Shapes.Mixture(Kind(kind));

    private void AssertReads(ParameterSet parameters, int[] chunks)
    {
        using var quiet = no_grad();
        var model = _models.Model(parameters);
        using var cache = new KvCache(parameters, _models.Ids.Length, _models.Ids[0].Length);
        var read = new List<Tensor>();
        foreach (var chunk in chunks)
            read.Add(model.Forward(Tokens([.. _models.Ids.Select(row => row[cache.Length..(cache.Length + chunk)])]), cache));

        AssertClose(_models.Logits(parameters), cat(read, 1), 1e-12);
    }
}
