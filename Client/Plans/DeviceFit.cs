using Bam.Contracts.Runs;
using Bam.Training.Data;
using Bam.Training.Fused;
using Bam.Training.Model;

namespace Bam.Client.Plans;

/// <summary>Finds the models of a run that do not fit one device, and what would. A model is never spread over several devices.</summary>
internal static class DeviceFit
{
    /// <summary>What CUDA takes for itself: context, kernels, workspaces.</summary>
    private const long Reserve = 1L << 30;

    /// <param name="spec">Validated specification.</param>
    /// <param name="deviceBytes">Memory of one device.</param>
    public static IReadOnlyList<TooLarge> Of(RunSpec spec, long deviceBytes)
    {
        var dense = ModelConfig.Dense(spec.Model, spec.Tokenizer, Tokenizers.VocabSize(spec.Tokenizer));
        List<(string Name, ModelConfig Config, TrainSpec Train, MixtureSpec? Mixture)> models = [];
        if (spec.SeedModel.Checkpoint is null) models.Add((SeedModelSpec.MemberName, dense, spec.SeedModel.Train, null));
        models.AddRange(spec.Branches.Select(branch => (branch.Name, dense, branch.Train, (MixtureSpec?)null)));
        models.AddRange(spec.Mixtures.Where(mixture => mixture.Kind != MixtureKind.Ensemble)
            .Select(mixture => (mixture.Name, dense.Mixture(mixture), mixture.Train, (MixtureSpec?)mixture)));
        var room = Math.Max(0, deviceBytes - Reserve);
        return
        [
            .. from model in models
               let bytes = MemoryPlan.Of(model.Config, model.Train).Total
               where bytes > room
               select new TooLarge(model.Name, bytes, deviceBytes, Remedies(model.Config, model.Train, room)),
        ];
    }

    private static List<Remedy> Remedies(ModelConfig config, TrainSpec train, long room)
    {
        var single = Changes(config, train).SelectMany(change => Largest([change], config, train, room)).ToList();
        if (single.Count > 0) return single;

        // All of them at their smallest at once; then as much of it given back as there is room for is the user's choice.
        var all = Changes(config, train).ToList();
        var smallest = all.Aggregate((Config: config, Train: train), (model, change) => change.Steps[^1].Apply(model.Config, model.Train));
        var bytes = MemoryPlan.Of(smallest.Config, smallest.Train).Total;
        return bytes <= room ? [new(string.Join(" with ", all.Select(change => change.Steps[^1].Text)), bytes)] : [];
    }

    /// <summary>The mildest step of a change that fits.</summary>
    private static IEnumerable<Remedy> Largest(IEnumerable<Change> changes, ModelConfig config, TrainSpec train, long room) =>
        from change in changes
        let fits = change.Steps.Select(step =>
        {
            var (smaller, shorter) = step.Apply(config, train);
            return new Remedy(step.Text, MemoryPlan.Of(smaller, shorter).Total);
        }).FirstOrDefault(remedy => remedy.Bytes <= room)
        where fits is not null
        select fits;

    /// <summary>What can be changed, each from the mildest step to the hardest.</summary>
    private static IEnumerable<Change> Changes(ModelConfig config, TrainSpec train)
    {
        if (train.Precision == Precision.Float32)
            yield return new([new("precision: bf16", (c, t) => (c, t with { Precision = Precision.BFloat16 }))]);
        if (!train.Recompute && StepMemory.Of(config, train) is not null)
            yield return new([new("recompute: true", (c, t) => (c, t with { Recompute = true }))]);
        if (train.OptimizerStates == Precision.Float32 && StepMemory.Of(config, train) is not null)
            yield return new([new("optimizer_states: bf16", (c, t) => (c, t with { OptimizerStates = Precision.BFloat16 }))]);
        if (config is { RoutesAttention: true, Kv: KvMode.Experts })
            yield return new([new("kv: shared", (c, t) => (c with { Kv = KvMode.Shared }, t))]);
        if (config.RoutesAttention)
            yield return new([new("attention: averaged (BTX)", (c, t) => (c with { Attention = AttentionMode.Averaged }, t))]);
        if (config.Experts > 0 && config.FfnTopK > 1)
            yield return new([.. Down(config.FfnTopK).Select(k => new Step($"ffn_top_k: {k}", (c, t) => (c with { FfnTopK = k }, t)))]);
        if (config.Experts > 2)
            yield return new([.. Down(config.Experts).Where(experts => experts > 1)
                .Select(experts => new Step($"{experts} experts", (c, t) => (c with { Experts = experts, FfnTopK = Math.Min(c.FfnTopK, experts) }, t)))]);
        if (train.Batch > 1)
            yield return new([.. Down(train.Batch).Select(batch => new Step($"batch: {batch}", (c, t) => (c, t with { Batch = batch })))]);
        if (config.Context > 128)
            yield return new([.. Halves(config.Context).Select(context => new Step($"context: {context} (of the whole run)", (c, t) => (c with { Context = context }, t)))]);
    }

    private static IEnumerable<int> Down(int from) => Enumerable.Range(1, from - 1).Reverse();

    private static IEnumerable<int> Halves(int from)
    {
        for (var half = from / 2; half >= 64; half /= 2) yield return half;
    }

    private sealed record Step(string Text, Func<ModelConfig, TrainSpec, (ModelConfig Config, TrainSpec Train)> Apply);

    private sealed record Change(IReadOnlyList<Step> Steps);
}
