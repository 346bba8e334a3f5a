using Bam.Client.Clusters;
using Bam.Client.RunFiles;
using Bam.Contracts.Runs;

namespace Bam.Client.Tests.RunFiles;

public sealed class A_wrong_run_file : IDisposable
{
    private const string NameRule = "is not a name; use a-z, 0-9 and '-', at most 63 characters, the first no '-'";
    private const string Btx = "attention: averaged, ffn_top_k: 1, steps: 300";
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("name: four-domains", "", "1: name: is missing")]
    [InlineData("name: four-domains", "name:", "1: name: has no value")]
    [InlineData("name: four-domains", "name: Four", "1: name: 'Four' " + NameRule)]
    [InlineData("name: four-domains", "name: [a]", "1: name: must be a text, not a list")]
    [InlineData("seed: 7", "sead: 7", "2: sead: unknown key; did you mean 'seed'? (keys: name, seed, tokenizer, model, domains, train, seed_model, branches, include_seed_as_expert, mixtures, mixture_data, checkpoints, evaluate, limits)")]
    [InlineData("seed: 7", "seed: 7\nseed: 8", "3: seed: stated twice; first in line 2")]
    [InlineData("seed: 7", "seed: seven", "2: seed: must be a whole number, not 'seven'")]
    [InlineData("seed: 7", "seed: \"7\"", "2: seed: must be a whole number, not '7'")]
    [InlineData("seed: 7", "seed: -1", "2: seed: must be at least 0, not -1")]
    [InlineData("seed: 7", "seed: 1__0", "2: seed: must be a whole number, not '1__0'")]
    [InlineData("tokenizer: bytes", "tokenizer: byte", "3: tokenizer: no such tokenizer 'byte'; did you mean 'bytes'? (tokenizers: bytes, cl100k_base, cl100k_base:N with N from 256 to 100256)")]
    [InlineData("tokenizer: bytes", "tokenizer: cl100k_base:17", "3: tokenizer: no such tokenizer 'cl100k_base:17'; did you mean 'cl100k_base'? (tokenizers: bytes, cl100k_base, cl100k_base:N with N from 256 to 100256)")]
    [InlineData("  layers: 6\n", "", "4: model.layers: is missing")]
    [InlineData("layers: 6", "layers: 0", "5: model.layers: must be at least 1, not 0")]
    [InlineData("layers: 6", "layers: 6\n  preset: tyni", "6: model.preset: no such preset 'tyni'; did you mean 'tiny'? (presets: tiny, small, 110m, 518m, paper-590m, paper-2b)")]
    [InlineData("heads: 8\n  kv", "heads: 7\n  kv", "7: model.heads: 7 heads do not divide the width 256; 8 would")]
    [InlineData("kv_heads: 8", "kv_heads: 3", "8: model.kv_heads: 3 key and value heads do not divide 8 heads; 2 would")]
    [InlineData("width: 256\n  heads: 8", "width: 24\n  heads: 8", "7: model.heads: the head width 3 (width 24 / 8 heads) must be even for RoPE")]
    [InlineData("ffn: 704", "ffn: 703", "9: model.ffn: the ffn 703 must be a multiple of 8 for precision bf16")]
    [InlineData("context: 256", "context: 4", "10: model.context: must be at least 8, not 4")]
    [InlineData("context: 256", "context: 256\n  vocab: 200", "11: model.vocab: 200 is less than the 257 tokens of bytes")]
    [InlineData("context: 256", "context: 256\n  norm: rms", "11: model.norm: no such choice 'rms' (choices: layernorm, rmsnorm)")]
    [InlineData("context: 256", "context: 256\n  tied: maybe", "11: model.tied: must be true or false, not 'maybe'")]
    [InlineData("data/law.train.jsonl", "data/lore.jsonl", "13: domains.law.train: data/lore.jsonl: no data found (relative to FOLDER); give a file, a folder or a glob of .jsonl, .jsonl.gz, .txt, .txt.gz")]
    [InlineData("{ train: data/law.train.jsonl }", "{ validation: data/law.train.jsonl }", "13: domains.law.train: is missing")]
    [InlineData("{ train: data/law.train.jsonl }", "data/law.train.jsonl", "13: domains.law: must be a mapping of keys and values, not 'data/law.train.jsonl'")]
    [InlineData("{ train: data/law.train.jsonl }", "{ train: [] }", "13: domains.law.train: is an empty list")]
    [InlineData("{ train: data/law.train.jsonl }", "{ train: [[a]] }", "13: domains.law.train: must be a text or a list of texts, not a list")]
    [InlineData("learning_rate: 1e-3", "learning_rate: 0", "15: train.learning_rate: must be more than 0, not 0")]
    [InlineData("learning_rate: 1e-3", "learning_rate: fast", "15: train.learning_rate: must be a number, not 'fast'")]
    [InlineData("precision: bf16", "precision: bf61", "15: train.precision: no such choice 'bf61'; did you mean 'bf16'? (choices: fp32, bf16)")]
    [InlineData("batch: 16", "bacth: 16", "15: train.bacth: unknown key; did you mean 'batch'? (keys: batch, learning_rate, warmup, weight_decay, precision, final_learning_rate, clip_norm, beta1, beta2, load_balance, router_z, recompute, optimizer_states)")]
    [InlineData("weight_decay: 0.1", "beta2: 1", "15: train.beta2: must be at least 0 and less than 1, not 1")]
    [InlineData("seed_model: { domains: { general: 1 }, steps: 400 }", "seed_model: { domains: { general: 1 } }", "16: seed_model.steps: is missing; state one of steps, tokens and flops")]
    [InlineData("steps: 400", "steps: 400, tokens: 1M", "16: seed_model.tokens: stands beside steps; state one of steps, tokens and flops")]
    [InlineData("steps: 400", "flops: 1e80", "16: seed_model.flops: is 7.689e+68 steps; at most 2147483647 can be counted")]
    [InlineData("steps: 400", "checkpoint: nowhere", "16: seed_model.domains: cannot stand beside checkpoint: that seed model is trained already|16: seed_model.checkpoint: 'nowhere' is no folder in FOLDER")]
    [InlineData("{ law: 0.9,", "{ lwa: 0.9,", "18: branches.law.domains.lwa: no such domain; did you mean 'law'? (domains: general, law, code)")]
    [InlineData("{ law: 0.9,", "{ law: 0,", "18: branches.law.domains.law: must be more than 0, not 0")]
    [InlineData("{ law: 0.9, general: 0.1 }", "{}", "18: branches.law.domains: names no domain; state at least one share, such as { general: 1 }")]
    [InlineData("  code: { domains", "  seed: { domains", "19: branches.seed: the name 'seed' belongs to the seed model; use another for a branch")]
    [InlineData("  code: { domains", "  -x: { domains", "19: branches.-x: '-x' " + NameRule)]
    [InlineData("  btx:  ", "  law:  ", "24: mixtures.law: the name 'law' belongs to a branch; use another for a mixture")]
    [InlineData("include_seed_as_expert: true", "include_seed_as_expert: yes", "20: include_seed_as_expert: must be true or false, not 'yes'")]
    [InlineData("attention: averaged", "attention: average", "24: mixtures.btx.attention: no such choice 'average'; did you mean 'averaged'? (choices: soft, top_1, top_2, averaged, seed)")]
    [InlineData("kv: shared", "kv: share", "23: mixtures.bam-shared.kv: no such choice 'share'; did you mean 'shared'? (choices: experts, shared)")]
    [InlineData("ffn_top_k: 2", "ffn_top_k: 4", "23: mixtures.bam-shared.ffn_top_k: must be at most 3, the number of experts, not 4")]
    [InlineData("ffn_top_k: 2", "ffn_top_k: sfot", "23: mixtures.bam-shared.ffn_top_k: must be a whole number or soft, not 'sfot'")]
    [InlineData("tokens: 65536", "stride: 257", "27: evaluate.stride: must be at most 256, not 257")]
    [InlineData("tokens: 65536", "stride: 0", "27: evaluate.stride: must be at least 1, not 0")]
    [InlineData("keep: 3", "keep: 1", "26: checkpoints.keep: must be at least 2, not 1")]
    [InlineData("seed: 7", "limits: { step: 0 }", "2: limits.step: must be more than 0, not 0")]
    [InlineData("seed: 7", "limits: { save: 9 }", "2: limits.save: unknown key (keys: setup, step, checkpoint)")]
    [InlineData("every: 100, keep", "every: 0, keep", "26: checkpoints.every: must be at least 1, not 0")]
    [InlineData("evaluate: { every: 100", "evaluate: { every: 1.5", "27: evaluate.every: must be a whole number, not '1.5'")]
    [InlineData("tokens: 65536", "tokens: 99999999999999999999", "27: evaluate.tokens: must be a whole number, not '99999999999999999999'")]
    public void Says_where_what_and_what_would_be_right(string old, string changed, string problems) =>
        Assert.Equal(problems.Split('|'), _folder.Problems(folder => folder.Read(old, changed)));

    [Theory]
    [InlineData("attention_renormalise: true, steps: 1", "attention_renormalise: holds with attention: top_1 and top_2 only")]
    [InlineData("attention: averaged, attention_renormalise: false, steps: 1", "attention_renormalise: holds with attention: top_1 and top_2 only")]
    [InlineData("attention: top1, steps: 1", "attention: no such choice 'top1'; did you mean 'top_1'? (choices: soft, top_1, top_2, averaged, seed)")]
    [InlineData("router_init: ridge, router_std: 0.1, steps: 1", "router_std: holds with router_init: random only")]
    [InlineData("attention: averaged, kv: shared, steps: 1", "kv: holds with attention: soft, top_1 and top_2 only")]
    [InlineData("router_init: ridge, experts: [seed, law, law], steps: 1", "router_init: law is listed 2 times and would get equal routers, which choose only the first; list it once, or use router_init: random")]
    [InlineData("router_scale: 2, steps: 1", "router_scale: holds with router_init: ridge only")]
    [InlineData("router_init: ridge, router_scale: 0, steps: 1", "router_scale: must be more than 0, not 0")]
    [InlineData("ffn_reinitialise: 1, steps: 1", "ffn_reinitialise: must be at least 0 and less than 1, not 1")]
    [InlineData("rescale_ffn: 4, steps: 1", "rescale_ffn: must be true or false, not '4'")]
    [InlineData("frozen_steps: 5, steps: 9", "frozen_steps: holds with frozen: experts and all_but_routers only")]
    [InlineData("frozen: none, frozen_steps: 5, steps: 9", "frozen_steps: holds with frozen: experts and all_but_routers only")]
    [InlineData("frozen: experts, frozen_steps: 10, steps: 9", "frozen_steps: must be at most 9, the steps of this mixture, not 10")]
    [InlineData("frozen: routers, steps: 9", "frozen: no such choice 'routers' (choices: none, experts, all_but_routers)")]
    [InlineData("experts: [seed, lwa], steps: 1", "experts: no such dense model 'lwa'; did you mean 'law'? (dense models: seed, law, code)")]
    [InlineData("experts: [bam, law], steps: 1", "experts: no such dense model 'bam'; did you mean 'law'? (dense models: seed, law, code)")]
    [InlineData("experts: [law], steps: 1", "experts: names one expert; two are needed (dense models: seed, law, code)")]
    [InlineData("experts: [], steps: 1", "experts: is an empty list")]
    [InlineData("experts: [seed, law], ffn_top_k: 3, steps: 1", "ffn_top_k: must be at most 2, the number of experts, not 3")]
    [InlineData("ffn_top_k: 1", "steps: is missing; state one of steps, tokens, flops and match")]
    [InlineData("steps: 1, tokens: 1", "tokens: stands beside steps; state one of steps, tokens, flops and match")]
    [InlineData("steps: 1, match: data", "match: stands beside steps; state one of steps, tokens, flops and match")]
    [InlineData("steps: 1, against: bam", "against: holds beside match only")]
    [InlineData("match: dat", "match: no such choice 'dat'; did you mean 'data'? (choices: data, compute)")]
    [InlineData("match: data, against: btx", "against: is this mixture itself (mixtures with a length of their own: bam, bam-shared)")]
    [InlineData("match: data, against: bma", "against: no such mixture 'bma'; did you mean 'bam'? (mixtures with a length of their own: bam, bam-shared)")]
    [InlineData("dense: lwa, steps: 1", "dense: no such dense model 'lwa'; did you mean 'law'? (dense models: seed, law, code)")]
    [InlineData("dense: law, kv: shared, steps: 1", "kv: cannot stand beside dense: one dense model has neither experts nor routers")]
    [InlineData("dense: law, experts: [seed, law], steps: 1", "experts: cannot stand beside dense: one dense model has neither experts nor routers")]
    [InlineData("dense: law, ensemble: true, steps: 1", "ensemble: cannot stand beside dense: one dense model has neither experts nor routers")]
    [InlineData("dense: law", "steps: is missing; state one of steps, tokens, flops and match")]
    [InlineData("ensemble: true, steps: 1", "steps: cannot stand beside ensemble: dense models side by side have no routers and are not trained")]
    [InlineData("ensemble: true, match: data", "match: cannot stand beside ensemble: dense models side by side have no routers and are not trained")]
    [InlineData("ensemble: true, train: { batch: 8 }", "train: cannot stand beside ensemble: dense models side by side have no routers and are not trained")]
    [InlineData("ensemble: true, ffn_top_k: 2", "ffn_top_k: cannot stand beside ensemble: dense models side by side have no routers and are not trained")]
    [InlineData("ensemble: maybe, steps: 1", "ensemble: must be true or false, not 'maybe'")]
    public void Says_what_is_wrong_with_a_mixture(string mixture, string problem) =>
        Assert.Equal([$"24: mixtures.btx.{problem}"], _folder.Problems(folder => folder.Read(Btx, mixture)));

    [Fact]
    public void Names_every_option_of_a_mixture() =>
        Assert.Equal(
            "24: mixtures.btx.ffn_topk: unknown key; did you mean 'ffn_top_k'? (keys: experts, attention, attention_renormalise, kv, ffn_top_k, " +
            "ffn_renormalise, router_init, router_std, router_scale, rescale_ffn, ffn_reinitialise, frozen, frozen_steps, steps, tokens, flops, " +
            "match, against, train, dense, ensemble)",
            Assert.Single(_folder.Problems(folder => folder.Read(Btx, "ffn_topk: 2, steps: 1"))));

    [Theory]
    [InlineData("match: data", "match: data, against: bam", "'bam' has no length of its own (mixtures with a length of their own: bam-shared)")]
    [InlineData("ensemble: true", "match: data, against: bam", "'bam' is an ensemble, which is never trained (mixtures with a length of their own: bam-shared)")]
    public void Cannot_match_a_mixture_without_a_length(string bam, string btx, string problem) =>
        Assert.Equal(
            [$"24: mixtures.btx.against: {problem}"],
            _folder.Problems(folder => folder.Read(RunFolder.Valid
                .Replace("attention: soft, kv: experts, ffn_top_k: 1, steps: 300", bam, StringComparison.Ordinal)
                .Replace(Btx, btx, StringComparison.Ordinal))));

    [Fact]
    public void Cannot_match_when_no_mixture_has_a_length() =>
        Assert.Equal(
            ["22: mixtures.bam.match: no other mixture states a length of its own; give one of them steps, tokens or flops"],
            _folder.Problems(folder => folder.Read(Mixtures("bam: { match: data }"))));

    [Theory]
    [InlineData("law: 9, general: 9", "22: mixtures.bam.router_init: the branch 'law' has no largest domain; change its shares, or use router_init: random")]
    [InlineData("code: 9, general: 1", "22: mixtures.bam.router_init: law and code stand for one domain, code; name one of them in experts, or use router_init: random")]
    [InlineData("general: 9, law: 1", "22: mixtures.bam.router_init: seed and law stand for one domain, general; name one of them in experts, or use router_init: random")]
    public void Needs_a_domain_for_every_expert_of_a_regression(string law, string problem) =>
        Assert.Equal([problem], _folder.Problems(folder => folder.Read(
            Mixtures("bam: { router_init: ridge, steps: 1 }").Replace("law: 0.9, general: 0.1", law, StringComparison.Ordinal))));

    [Theory]
    [InlineData("", "general, math")]
    [InlineData("  math: { domains: { math: 1 }, steps: 1 }\n  general: { domains: { general: 1 }, steps: 1 }\n", "none")]
    public void Needs_one_domain_for_a_seed_model_from_a_checkpoint(string branches, string left)
    {
        _folder.SeedCheckpoint();
        var text = Mixtures("bam: { router_init: ridge, steps: 1 }")
            .Replace("seed_model: { domains: { general: 1 }, steps: 400 }", "seed_model: { checkpoint: seed }", StringComparison.Ordinal)
            .Replace("  code:    { train", "  math:    { train: data/law.train.jsonl }\n  code:    { train", StringComparison.Ordinal)
            .Replace("include_seed", branches + "include_seed", StringComparison.Ordinal)
            .Replace("mixture_data: { general: 1, law: 1, code: 2 }\n", "", StringComparison.Ordinal);

        Assert.EndsWith(
            $": mixtures.bam.router_init: no one domain is the seed model's (no branch has: {left}); " +
            "set include_seed_as_expert: false, name experts without seed, or use router_init: random",
            Assert.Single(_folder.Problems(folder => folder.Read(text))), StringComparison.Ordinal);
        Assert.Equal(RouterInit.Ridge, _folder.Read(text.Replace("ridge, ", "ridge, experts: [law, code], ", StringComparison.Ordinal)).Mixtures[0].RouterInit);
    }

    [Fact]
    public void Tells_everything_that_is_wrong_in_the_order_of_the_lines() =>
        Assert.Equal(
            [
                "2: seed: must be at least 0, not -7",
                "13: domains.law.trian: unknown key; did you mean 'train'? (keys: train, validation)",
                "13: domains.law.train: is missing",
                "26: checkpoints.keep: must be at least 2, not 0",
            ],
            _folder.Problems(folder => folder.Read(RunFolder.Valid
                .Replace("seed: 7", "seed: -7", StringComparison.Ordinal)
                .Replace("{ train: data/law", "{ trian: data/law", StringComparison.Ordinal)
                .Replace("keep: 3", "keep: 0", StringComparison.Ordinal))));

    [Fact]
    public void Needs_two_experts_for_a_mixture() =>
        Assert.Contains(
            "20: mixtures: a mixture needs two experts; add a branch, or set include_seed_as_expert: true",
            _folder.Problems(folder => folder.Read(RunFolder.Valid
                .Replace("include_seed_as_expert: true", "include_seed_as_expert: false", StringComparison.Ordinal)
                .Replace("  code: { domains: { code: 9, general: 1 }, tokens: 4M }\n", "", StringComparison.Ordinal))));

    [Theory]
    [InlineData("name: [a", "not valid YAML")]
    [InlineData("name: a\n---\nname: b", "a run file is one document")]
    [InlineData("name: *x", "no anchor 'x' above")]
    [InlineData("? [a]\n: b", "a key must be a name")]
    [InlineData("a: \tb\n\tc: d", "not valid YAML")]
    public void That_is_not_yaml_is_one_problem_with_its_line(string yaml, string said)
    {
        var problem = Assert.Single(_folder.Problems(folder => folder.Read(yaml)));

        Assert.Matches("^[0-9]+: ", problem);
        Assert.Contains(said, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void That_is_nested_without_end_is_refused() =>
        Assert.Contains("nested deeper", Assert.Single(_folder.Problems(folder => folder.Read(new string('[', 20_000)))), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    public void That_is_empty_misses_every_key(string yaml) =>
        Assert.Equal(
            ["1: name: is missing", "1: model: is missing", "1: domains: is missing", "1: seed_model: is missing", "1: branches: is missing"],
            _folder.Problems(folder => folder.Read(yaml)).OrderBy(problem => Array.FindIndex(["name", "model", "domains", "seed_model", "branches"], key => problem.StartsWith($"1: {key}:", StringComparison.Ordinal))));

    [Fact]
    public void That_does_not_exist_is_the_users_mistake()
    {
        var wrong = Assert.Throws<UserException>(() => RunFileReader.Read("/nowhere/run.yaml"));

        Assert.Equal(("/nowhere/run.yaml: no such run file", 2), (wrong.Message, wrong.ExitCode));
    }

    /// <summary>The valid file with these mixtures instead of its own, in line 22 and after.</summary>
    private static string Mixtures(params IEnumerable<string> mixtures)
    {
        var lines = RunFolder.Valid.Split('\n').ToList();
        lines.RemoveRange(21, 3);
        lines.InsertRange(21, mixtures.Select(mixture => $"  {mixture}"));
        return string.Join('\n', lines);
    }
}
