using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Data;
using Bam.Training.Evaluation;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Sessions;
using static TorchSharp.torch;

namespace Bam.Training.Opening;

/// <summary>
/// What happens to a freshly mixed model before its first step: routers from the domains and rescaled FFN outputs where the run asks for
/// them, its loss on every domain, and each expert held against its dense model. The same text and weights give the same result.
/// </summary>
internal sealed class MixtureOpening(Transformer model, MixtureSpec spec, TrainingJob job, IReadOnlyList<DomainData> domains, Action pulse)
{
    private const int SampleTokens = 8192, ForcedTokens = 256;

    /// <exception cref="TrainingException">An expert stands for no domain, so that there is nothing to regress on.</exception>
    public MixOpening Run(CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var parameters = model.Parameters;
        if (spec.RouterInit == RouterInit.Ridge)
            new RidgeRouters(parameters, [.. spec.Experts.Select(Domain)], spec.RouterScale).Fit(Samples());
        pulse();
        var losses = Losses(cancellation);
        var missing = job.Experts.FirstOrDefault(expert => !Directory.Exists(expert.Folder));
        IReadOnlyList<ForcedExpert> forced = missing.Folder is null ? Forced(cancellation) : [];     // before FFNs are anything but copies
        IReadOnlyList<double> scales = spec.RescaleFfn ? FfnRescale.Apply(parameters, Samples()) : [];
        var rescaled = spec.RescaleFfn ? Losses(cancellation) : losses;
        return new MixOpening
        {
            RidgeRouters = spec.RouterInit == RouterInit.Ridge,
            FfnScales = scales,
            Losses =
            [
                .. domains.Zip(rescaled, losses).Select(row => new OpeningLoss(
                    row.First.Name, row.Second.Tokens, row.Second.Nll, spec.RescaleFfn ? row.Third.Nll : null)),
            ],
            Forced = forced,
            ForcedSkipped = missing.Folder is null ? null : $"{missing.Folder} is not there",
        };
    }

    private string Domain(string expert) => ExpertDomains.Of(job.Run, expert) ?? throw new TrainingException(
        $"{spec.Name}: expert '{expert}' stands for no single domain, which router_init: ridge needs; use router_init: random", isFinal: true);

    private SampleWalk Samples() => new(model, domains, SampleTokens, spec.Train.Batch);

    private List<PerplexityResult> Losses(CancellationToken cancellation) => [.. domains.Select(domain => PerplexityMeter.Measure(
        model, domain.Validation, job.Run.Evaluate.Stride, job.Run.Evaluate.Tokens, spec.Train.Batch, pulse, cancellation))];

    private List<ForcedExpert> Forced(CancellationToken cancellation)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        var device = model.Parameters.Device;
        var time = (int)Math.Min(Math.Min(model.Parameters.Config.Context, ForcedTokens), domains.Min(domain => domain.Validation.Count) - 1);
        long[] inputs = new long[domains.Count * time], targets = new long[domains.Count * time];
        foreach (var (row, domain) in domains.Index())
        {
            domain.Validation.Read(0, inputs.AsSpan(row * time, time));
            domain.Validation.Read(1, targets.AsSpan(row * time, time));
        }

        var ids = tensor(inputs, [domains.Count, time]).to(device);            // [B, T]
        var next = tensor(targets).to(device);                                 // [B·T]
        var result = new List<ForcedExpert>();
        foreach (var (index, (name, folder)) in job.Experts.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            using var parameters = ModelFolder.Load(folder, device, model.Parameters.Compute);
            using var dense = new Transformer(parameters);
            var expected = Rows(dense.Forward(ids));
            var found = Rows(model.Forward(ids, model.Pass(ids) with { Forced = index }));
            double Nll(Tensor logits) => nn.functional.cross_entropy(logits, next).to(float64).item<double>();
            var difference = Ops.Add(found, expected.neg()).abs().max().to(float64).item<double>();
            result.Add(new ForcedExpert(name, index, Nll(found), Nll(expected), difference));
            pulse();
        }

        return result;
    }

    private static Tensor Rows(Tensor logits) => Ops.Wide(logits.view(-1, logits.size(-1)));             // [B·T, V]
}
