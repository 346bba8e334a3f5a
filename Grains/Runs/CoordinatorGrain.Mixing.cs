using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;
using Bam.Training.Faults;
using Bam.Training.Mixing;

namespace Bam.Grains.Runs;

/// <summary>Gathering and mixing: file work on a thread of its own, looked at once a tick.</summary>
internal sealed partial class CoordinatorGrain
{
    private Task<IReadOnlyList<(string Member, string? Problem)>>? _gathering;
    private Task<List<(string Member, string Text)>?>? _mixing;

    private IReadOnlyList<MemberRecord> DenseModels => [.. Run.Members.Where(member => member.Status.Kind != MemberKind.Mixture)];

    /// <summary>Verifies every dense model's last checkpoint, byte by byte. A damaged one sends its branch back to train from the one before.</summary>
    private async Task Gather()
    {
        var experts = DenseModels;
        _gathering ??= Work(() => (IReadOnlyList<(string, string?)>)
            [.. experts.Select(expert => (expert.Status.Name, Verify(expert.Status.Name, expert.Checkpoint!)))]);
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
            Begin(RunPhase.Mix);
        else
            Run.Phase = damaged.Any(result => result.Member == SeedModelSpec.MemberName) ? RunPhase.Seed : RunPhase.Branch;
    }

    /// <summary>
    /// Builds every mixture that is not trained yet and publishes it as step 0; an ensemble has no weights of its own. Done again after a
    /// death, it gives the same bytes.
    /// </summary>
    private async Task Mix()
    {
        var dense = DenseModels.Select(member => (member.Status.Name, member.Checkpoint!.Folder)).ToArray();
        var waiting = Run.Members.Where(member => !member.HasEnded).Select(member => member.Status.Name).ToHashSet();
        var mixtures = Spec.Mixtures.Where(mixture => waiting.Contains(mixture.Name) && mixture.Kind != MixtureKind.Ensemble).ToArray();
        var (run, seed) = (Spec.Name, Spec.Seed);
        _mixing ??= Work(() => MixAll(run, seed, mixtures, dense));
        if (!_mixing.IsCompleted)
            return;
        var mixed = _mixing;
        _mixing = null;
        try
        {
            if (await mixed is not { } lines)
            {
                Begin(RunPhase.Gather);   // an expert was damaged since
                return;
            }

            foreach (var (member, text) in lines)
                _events.Add(RunEventKind.Mixed, member, text);
            Begin(RunPhase.Continue);
        }
        catch (Exception e) when (e is MixException or CheckpointException or IOException or UnauthorizedAccessException)
        {
            await End(RunPhase.Failed, e.Message.Split('\n')[0]);
        }
    }

    /// <returns>Lines on the mixtures; null when a dense model's checkpoint is not sound.</returns>
    private List<(string Member, string Text)>? MixAll(string run, long seed, MixtureSpec[] mixtures, (string Name, string Folder)[] dense)
    {
        var store = new CheckpointStore(options.Store);
        var verified = dense.Select(model => (model.Name, MemberStore.Verify(model.Folder).Sound)).ToArray();
        if (verified.Any(model => model.Sound is null))
            return null;
        var sources = verified.Select(model => new MixSource(model.Name, model.Sound!)).ToArray();
        var lines = new List<(string Member, string Text)>();
        foreach (var mixture in mixtures)
        {
            var member = store.Open(run, mixture.Name);
            options.Faults.At(FaultPoint.Mix, mixture.Name, step: 0);
            var built = member.Newest(out _) ?? Mixer.Mix(sources, mixture, seed, member);
            options.Faults.At(FaultPoint.Mixed, mixture.Name, step: 0);
            lines.Add((mixture.Name, $"{Count(mixture.Experts)} ({string.Join(", ", mixture.Experts)}): {built.ModelSha256[..12]}"));
            lines.AddRange((MixReceipt.Read(built.Folder)?.Warnings ?? []).Select(warning => (mixture.Name, $"warning: {warning}")));
        }

        return lines;
    }

    /// <returns>What is wrong with a dense model's last checkpoint; null when it is sound.</returns>
    private string? Verify(string expert, CheckpointRef checkpoint)
    {
        options.Faults.At(FaultPoint.Gather, expert, checkpoint.Step);
        return MemberStore.Verify(checkpoint.Folder).Problem;
    }

    private static string Count(IReadOnlyList<string> experts) => experts.Count == 1 ? "1 expert" : $"{experts.Count} experts";

    private static Task<T> Work<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
