using Bam.Contracts.Status;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;

namespace Bam.Grains.Runs;

/// <summary>Gathering and mixing: file work on a thread of its own, looked at once a tick.</summary>
internal sealed partial class CoordinatorGrain
{
    private Task<IReadOnlyList<(string Member, string? Problem)>>? _gathering;
    private Task<IReadOnlyList<string>?>? _mixing;

    /// <summary>Verifies every expert's last checkpoint, byte by byte. A damaged one sends its branch back to train from the one before.</summary>
    private async Task Gather()
    {
        var experts = Experts.Select(name => Run.Members.Single(member => member.Status.Name == name)).ToArray();
        _gathering ??= Work(() => (IReadOnlyList<(string, string?)>)
            [.. experts.Select(expert => (expert.Status.Name, MemberStore.Verify(expert.Checkpoint!.Folder).Problem))]);
        if (!_gathering.IsCompleted)
            return;
        var verified = _gathering;
        _gathering = null;
        var damaged = (await verified).Where(result => result.Problem is not null).ToArray();
        foreach (var (name, problem) in damaged)
        {
            var member = experts.Single(expert => expert.Status.Name == name);
            await Grain(member).Reopen($"its last checkpoint is damaged: {problem}");
            _events.Add(RunEventKind.CheckpointDamaged, name, $"{member.Checkpoint!.Folder}: {problem}", member.Checkpoint.Step);
            member.Status = member.Status with { State = MemberState.Recovering };
        }

        if (damaged.Length == 0)
            Begin(RunPhase.Mix, Title(RunPhase.Mix));
        else
            Run.Phase = damaged.Any(result => result.Member == Training.Sessions.MemberPlan.Seed) ? RunPhase.Seed : RunPhase.Branch;
    }

    /// <summary>Builds every mixture and publishes it as step 0. Done again after a death, it gives the same bytes.</summary>
    private async Task Mix()
    {
        var sources = Experts.Select(name => (Name: name, Run.Members.Single(member => member.Status.Name == name).Checkpoint!.Folder)).ToArray();
        var spec = Spec;
        _mixing ??= Work(() => MixAll(spec, sources));
        if (!_mixing.IsCompleted)
            return;
        var mixed = _mixing;
        _mixing = null;
        try
        {
            if (await mixed is not { } lines)
            {
                Begin(RunPhase.Gather, Title(RunPhase.Gather));   // an expert was damaged since
                return;
            }

            foreach (var line in lines)
                _events.Add(RunEventKind.Mixed, null, line);
            Begin(RunPhase.Continue, Title(RunPhase.Continue));
        }
        catch (Exception e) when (e is MixException or CheckpointException)
        {
            await End(RunPhase.Failed, e.Message);
        }
    }

    /// <returns>A line for each mixture; null when an expert's checkpoint is not sound.</returns>
    private IReadOnlyList<string>? MixAll(Contracts.Runs.RunSpec spec, (string Name, string Folder)[] experts)
    {
        var store = new CheckpointStore(options.Store);
        var verified = experts.Select(expert => (expert.Name, MemberStore.Verify(expert.Folder).Sound)).ToArray();
        if (verified.Any(expert => expert.Sound is null))
            return null;
        var sources = verified.Select(expert => new MixSource(expert.Name, expert.Sound!)).ToArray();
        return (IReadOnlyList<string>)[.. spec.Mixtures.Select(mixture =>
        {
            var member = store.Open(spec.Name, mixture.Name);
            var built = member.Newest(out _) ?? Mixer.Mix(sources, mixture, spec.Seed, member);
            return $"{mixture.Name} from {string.Join(", ", sources.Select(source => source.Name))}: {built.ModelSha256[..12]}";
        })];
    }

    private static Task<T> Work<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
