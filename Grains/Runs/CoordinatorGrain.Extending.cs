using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;

namespace Bam.Grains.Runs;

/// <summary>A launch of a run that is known: the same again, or more of it.</summary>
internal sealed partial class CoordinatorGrain
{
    private async Task<LaunchAnswer> LaunchAgain(RunSpec asked)
    {
        var (extension, difference) = RunExtension.Of(Spec, Run.Extended ?? Spec, asked);
        if (extension is null)
            return new(LaunchOutcome.NameTaken, difference);
        if (extension.Added.Count == 0)
        {
            await Register();   // a launch that died half-way is made whole by the next one
            return new(LaunchOutcome.AlreadyLaunched);
        }

        if (Run.Phase != RunPhase.Completed)
        {
            return new(LaunchOutcome.NameTaken, $"only a completed run can take {string.Join(", ", extension.Added)}: " + Run.Phase switch
            {
                RunPhase.Failed => "it failed; take that up first, with 'bam retry'",
                RunPhase.Cancelled => "it was cancelled; take that up first, with 'bam retry'",
                _ => "it goes on; wait for its end",
            });
        }

        await Extend(extension, asked);
        return new(LaunchOutcome.Extended, extension.ToString());
    }

    /// <summary>Takes a completed run up again, in the first phase that has something to do.</summary>
    private async Task Extend(RunExtension extension, RunSpec asked)
    {
        await Remind();
        if (Measure(Spec) != Measure(asked))
        {
            foreach (var member in Run.Members)
                member.Evaluations = [];   // one table never shows two measures
        }

        Enlist(extension.Spec);
        (Run.Extended, Run.Ended) = (asked, null);
        _events.Add(RunEventKind.Extended, null, extension.ToString());
        BeginWithWork();
        await Save();
        await Register();
    }

    /// <summary>Begins the first phase that has something to do.</summary>
    private void BeginWithWork() =>
        Begin(HasWork(MemberKind.Seed) ? RunPhase.Seed : HasWork(MemberKind.Branch) ? RunPhase.Branch : RunPhase.Gather);

    private static (long Tokens, int Stride) Measure(RunSpec spec) => (spec.Evaluate.Tokens, spec.Evaluate.Stride);

    private bool HasWork(MemberKind kind) => Run.Members.Any(member => member.Status.Kind == kind && (!member.HasEnded || LacksEvaluations(member)));

    private bool LacksEvaluations(MemberRecord member) => member.Status.State == MemberState.Completed
        && Spec.Domains.Any(domain => member.Evaluations.All(evaluation => evaluation.Domain != domain.Name));

    /// <summary>Has a finished model evaluated on what the run has learnt to measure since. Done again after a death, it changes nothing.</summary>
    private async Task TakeBack(MemberRecord member)
    {
        await Grain(member).Reevaluate();
        member.Status = member.Status with { State = MemberState.Pending };
    }
}
